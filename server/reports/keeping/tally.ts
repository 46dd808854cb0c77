// From what the ledger says to what a report says, and what it leaves to the next one. Pure.
//
// Invariant (held by a property test): whatever is decided when, each instant of the ledger is counted under its verdict
// by exactly one of the reports that follow each other.
import type { ReportCarried } from '#db/schema/index.ts';
import type { Period } from '../templates/template.ts';
import { createInstantCounter, type InstantCounter } from './count-instants.ts';
import { type Counts, type Keeping, type Line, type MarkedRow, OUTCOMES, type Undecided } from './read-keeping.ts';

/** Of one pipeline: what was due in the period, or earlier: decided since the last report, or still open. */
export type KeptLine = Omit<Line, 'marked'>;
export type Tally = { lines: KeptLine[]; carried: ReportCarried };

export function tallyKeeping(keeping: Keeping, period: Period, last: ReportCarried | null): Tally {
  const book = openBook(keeping.lines);
  const counter = createInstantCounter();
  const [fromMs, toMs] = [Date.parse(period.from), Date.parse(period.to)];
  const rows = [...keeping.tails];
  for (const line of keeping.lines)
    for (const row of line.marked) {
      const { scheduleId, dueAt } = row;
      if (row.outcome === 'open') {
        rows.push({ scheduleId, dueAt, counted: 0 });
        continue;
      }
      const parts = splitRow(row, keeping, { fromMs, toMs, counter, isFirst: last === null });
      book.lineOf(line, true)[row.outcome] += parts.earlier;
      book.lineOf(line, false)[row.outcome] += parts.within;
      if (parts.isLeft) rows.push({ scheduleId, dueAt, counted: parts.counted });
    }
  for (const one of keeping.undecided) {
    const rule = keeping.rules.get(one.scheduleId) ?? null;
    const firstMs = Date.parse(one.firstAt);
    const earlier = counter.due(rule, firstMs, fromMs);
    book.lineOf(one, false).open += Math.max(counter.due(rule, firstMs, toMs) - earlier, 0);
    if (last !== null) book.lineOf(one, true).open += earlier;
  }
  const undecided = keeping.undecided.map(({ scheduleId, firstAt }) => ({ scheduleId, firstAt }));
  return { lines: book.lines(), carried: { to: period.to, rows, undecided } };
}

type Bounds = { fromMs: number; toMs: number; counter: InstantCounter; isFirst: boolean };

/** How many of a row's instants count as earlier and how many as of the period; `isLeft`: the rest is for later. */
function splitRow(row: MarkedRow, { rules }: Keeping, { fromMs, toMs, counter, isFirst }: Bounds) {
  const firstMs = Date.parse(row.dueAt);
  const lastMs = row.dueUntil === null ? firstMs : Date.parse(row.dueUntil);
  const stretch = { firstMs, lastMs, count: row.count };
  const rule = rules.get(row.scheduleId) ?? null;
  const beforeFrom = counter.before(stretch, rule, fromMs);
  const beforeTo = counter.before(stretch, rule, toMs);
  // What was due before the first report's period is in none.
  const done = isFirst ? Math.max(row.counted, beforeFrom) : row.counted;
  return {
    earlier: Math.max(beforeFrom - done, 0),
    within: Math.max(beforeTo - Math.max(beforeFrom, done), 0),
    counted: Math.max(beforeTo, done),
    isLeft: lastMs >= toMs,
  };
}

type Named = Pick<Undecided, 'pipelineId' | 'name'>;
const NOTHING: Counts = { onTime: 0, late: 0, missed: 0, skipped: 0, open: 0 };
export const sumOf = (counts: Counts): number => OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);

/** The lines by pipeline and whether they are of earlier instants; one that has nothing is left out. */
function openBook(lines: Line[]) {
  const keyOf = ({ pipelineId }: Named, isEarlier: boolean) => `${pipelineId} ${isEarlier}`;
  const byKey = new Map<string, KeptLine>();
  for (const { marked: _, ...line } of lines) byKey.set(keyOf(line, line.isEarlier), line);
  return {
    lineOf(named: Named, isEarlier: boolean): KeptLine {
      const { pipelineId, name } = named;
      const key = keyOf(named, isEarlier);
      const line = byKey.get(key) ?? { ...NOTHING, pipelineId, name, isEarlier, p50Seconds: null, p95Seconds: null };
      byKey.set(key, line);
      return line;
    },
    lines: () => [...byKey.values()].filter((line) => sumOf(line) > 0),
  };
}
