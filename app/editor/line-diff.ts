// What two texts differ in, line by line: the shortest script by Myers, with the common head and tail set aside.

export interface DiffLine {
  kind: 'same' | 'removed' | 'added';
  text: string;
  /** Line numbers from 1; null on the side where the line is not. */
  before: number | null;
  after: number | null;
}

/** Beyond this many differing lines the middle is shown as replaced as a whole: nobody reads such a diff. */
const MAX_SCRIPT = 1_000;

/** All lines of both texts in order, each marked. */
export function diffLines(beforeText: string, afterText: string): DiffLine[] {
  const before = beforeText.split('\n');
  const after = afterText.split('\n');
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail += 1;
  const kinds = [
    ...Array<DiffLine['kind']>(head).fill('same'),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...Array<DiffLine['kind']>(tail).fill('same'),
  ];
  let b = 0;
  let a = 0;
  return kinds.map((kind) => {
    if (kind === 'removed') return { kind, text: before[b]!, before: ++b, after: null };
    if (kind === 'added') return { kind, text: after[a]!, before: null, after: ++a };
    return { kind, text: before[b]!, before: ++b, after: ++a };
  });
}

function middle(before: string[], after: string[]): DiffLine['kind'][] {
  const wholesale = (): DiffLine['kind'][] => [
    ...before.map(() => 'removed' as const),
    ...after.map(() => 'added' as const),
  ];
  if (before.length === 0 || after.length === 0) return wholesale();
  const traces = search(before, after);
  return traces === null ? wholesale() : walkBack(traces, before.length, after.length);
}

/** For each length of script how far each diagonal gets; null when it would be too long. */
function search(before: string[], after: string[]): Map<number, number>[] | null {
  const traces: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let length = 0; length <= Math.min(MAX_SCRIPT, before.length + after.length); length += 1) {
    traces.push(furthest);
    const next = new Map<number, number>();
    for (let diagonal = -length; diagonal <= length; diagonal += 2) {
      const down = furthest.get(diagonal + 1) ?? -1;
      const right = (furthest.get(diagonal - 1) ?? -2) + 1;
      let x = diagonal === -length || (diagonal !== length && right - 1 < down) ? down : right;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return [...traces, next];
    }
    furthest = next;
  }
  return null;
}

function walkBack(traces: Map<number, number>[], beforeLength: number, afterLength: number): DiffLine['kind'][] {
  const kinds: DiffLine['kind'][] = [];
  let x = beforeLength;
  let y = afterLength;
  for (let length = traces.length - 2; length >= 0; length -= 1) {
    const furthest = traces[length]!;
    const diagonal = x - y;
    const down = furthest.get(diagonal + 1) ?? -1;
    const right = furthest.get(diagonal - 1) ?? -2;
    const isDown = diagonal === -length || (diagonal !== length && right < down);
    const fromX = isDown ? down : right;
    const fromY = fromX - (isDown ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      kinds.push('same');
      x -= 1;
      y -= 1;
    }
    if (length === 0) break;
    kinds.push(isDown ? 'added' : 'removed');
    x = fromX;
    y = fromY;
  }
  return kinds.reverse();
}

export type DiffPart = { kind: 'lines'; lines: DiffLine[] } | { kind: 'skipped'; count: number };

/** The same with long stretches of unchanged lines left out, but for `context` lines around each change. */
export function foldUnchanged(lines: DiffLine[], context = 3): DiffPart[] {
  const isNear = lines.map(() => false);
  for (const [at, { kind }] of lines.entries())
    if (kind !== 'same')
      for (let near = Math.max(0, at - context); near <= Math.min(lines.length - 1, at + context); near += 1)
        isNear[near] = true;
  const parts: DiffPart[] = [];
  for (const [at, line] of lines.entries()) {
    const last = parts.at(-1);
    if (isNear[at]) {
      if (last?.kind === 'lines') last.lines.push(line);
      else parts.push({ kind: 'lines', lines: [line] });
    } else if (last?.kind === 'skipped') last.count += 1;
    else parts.push({ kind: 'skipped', count: 1 });
  }
  return parts;
}
