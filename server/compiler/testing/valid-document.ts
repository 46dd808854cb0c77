import { quoteIdent } from '../quote.ts';

type Shape = { name: string; isNumber: boolean }[];
type Loose = { id: string; kind: string; inputs: string[]; config: Record<string, unknown> };
type Known = { id: string; shape: Shape };

/** The table that every generated document reads: `(id integer PRIMARY KEY, k integer, t text)`. */
export const BASE_DDL = '(id integer PRIMARY KEY, k integer, t text)';
const BASE: Shape = [
  { name: 'id', isNumber: true },
  { name: 'k', isNumber: true },
  { name: 't', isNumber: false },
];
const KINDS = [
  'filter',
  'derive',
  'select',
  'aggregate',
  'join',
  'validate',
  'dedupe',
  'sort',
  'union',
  'lookup',
] as const;

/** Nodes that are right by construction: each is built from the columns that its inputs really have. */
export function validNodes(tape: readonly number[], table: string): Loose[] {
  let at = 0;
  const pick = <T>(values: readonly T[]): T => {
    const value = values[(tape[at++ % tape.length] ?? 0) % values.length];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  };
  const nodes: Loose[] = [];
  const known: Known[] = [];
  const add = (kind: string, inputs: string[], config: Record<string, unknown>, shape: Shape) => {
    const id = `n${nodes.length}`;
    nodes.push({ id, kind, inputs, config });
    known.push({ id, shape });
  };
  for (let i = 0; i < 2; i++) add('source', [], { type: 'table', table }, BASE);
  for (let i = 0; i < tape.length % 9; i++) addNode(pick(KINDS), pick(known), known, nodes.length, table, pick, add);
  const used = new Set(nodes.flatMap((node) => node.inputs));
  for (const { id, shape } of known.filter((one) => !used.has(one.id))) {
    const key = shape.find((column) => column.isNumber) ?? shape[0];
    const config = pick([
      { mode: 'append' },
      { mode: 'truncate', allowEmpty: true },
      { mode: 'upsert', key: [key?.name] },
    ]);
    const lineage = pick([true, false]);
    nodes.push({
      id: `to_${id}`,
      kind: 'target',
      inputs: [id],
      config: { type: 'table', table: `made by ${id}`, lineage, ...config },
    });
  }
  return nodes;
}

type Add = (kind: string, inputs: string[], config: Record<string, unknown>, shape: Shape) => void;

function addNode(
  kind: (typeof KINDS)[number],
  input: Known,
  known: readonly Known[],
  n: number,
  table: string,
  pick: <T>(values: readonly T[]) => T,
  add: Add,
): void {
  const { id, shape } = input;
  const one = pick(shape);
  const name = quoteIdent(one.name);
  const names = shape.map((column) => column.name);
  const number = shape.find((column) => column.isNumber);
  switch (kind) {
    case 'filter':
      add(kind, [id], { where: `${name} is not null or run.due_at is null` }, shape);
      return;
    case 'derive': {
      const expression = one.isNumber ? `coalesce(${name}, 0) / 2 + 1` : `upper(${name}) || run.id`;
      add(kind, [id], { columns: [{ name: `d ${n}`, expression }] }, [
        ...shape,
        { name: `d ${n}`, isNumber: one.isNumber },
      ]);
      return;
    }
    case 'select': {
      const columns = [
        { name: one.name, as: `s"${n}` },
        ...names.filter((other) => other !== one.name).map((other) => ({ name: other })),
      ];
      add(kind, [id], { columns }, [
        { name: `s"${n}`, isNumber: one.isNumber },
        ...shape.filter((column) => column !== one),
      ]);
      return;
    }
    case 'aggregate': {
      const aggregates = [
        { name: `rows ${n}`, fn: 'count' },
        { name: `max ${n}`, fn: 'max', expression: name },
      ];
      const made = [
        { name: `rows ${n}`, isNumber: true },
        { name: `max ${n}`, isNumber: one.isNumber },
      ];
      add(kind, [id], { groupBy: [one.name], aggregates }, [one, ...made]);
      return;
    }
    case 'join': {
      const other = known.find((candidate) => candidate.id !== id && candidate.shape.some((column) => column.isNumber));
      const right = other?.shape.find((column) => column.isNumber);
      if (!other || !right || !number) return;
      const config = { type: pick(['inner', 'left', 'right', 'full']), on: [{ left: number.name, right: right.name }] };
      const taken = { name: right.name, as: `j ${n}` };
      add(kind, [id, other.id], { ...config, right: [taken] }, [...shape, { name: taken.as, isNumber: true }]);
      return;
    }
    case 'validate': {
      const rules = [
        { rule: 'not_null', columns: [one.name], onFail: pick(['quarantine', 'drop', 'warn']) },
        { rule: 'unique', columns: [one.name], onFail: pick(['quarantine', 'drop', 'warn']) },
        { rule: 'expression', expression: `${name} = ${name}` },
      ];
      add(kind, [id], { rules, dataset: [{ rule: 'rowCount', max: 100_000 }] }, shape);
      return;
    }
    case 'dedupe':
      add(kind, [id], { key: [one.name], orderBy: [{ expression: name }] }, shape);
      return;
    case 'sort':
      add(kind, [id], { by: [{ expression: name, direction: pick(['asc', 'desc']) }], limit: 5 }, shape);
      return;
    case 'union': {
      const twin = known.find((candidate) => candidate.id !== id && sameNames(candidate.shape, shape));
      if (twin) add(kind, [id, twin.id], { distinct: pick([true, false]) }, shape);
      return;
    }
    case 'lookup': {
      if (!number) return;
      const config = { table, on: [{ left: number.name, right: 'id' }], columns: [{ name: 't', as: `l ${n}` }] };
      add(kind, [id], config, [...shape, { name: `l ${n}`, isNumber: false }]);
      return;
    }
  }
}

function sameNames(x: Shape, y: Shape): boolean {
  return (
    x.length === y.length &&
    x.every((column) => y.some((other) => other.name === column.name && other.isNumber === column.isNumber))
  );
}
