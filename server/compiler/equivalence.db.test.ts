import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { around, compileOrThrow, documentOf } from './testing/documents.ts';
import { type Cell, execute, type Outcome, type Row } from './testing/execute.ts';
import {
  and,
  asText,
  decimal,
  fill,
  INPUT_DDL,
  type InputRow,
  inputRows,
  not,
  OTHER_DDL,
  type OtherRow,
  or,
  otherRows,
  sorted,
  strict,
  type Truth,
  textOf,
} from './testing/model.ts';

// Each node kind, compiled and run by PostgreSQL, against a plain JavaScript evaluation of the same small tables.
const db = await testDatabase();
await db.owner.unsafe(
  `CREATE SCHEMA tenant; CREATE TABLE tenant.input ${INPUT_DDL}; CREATE TABLE tenant.other ${OTHER_DDL}`,
);
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };

async function holds(doc: PipelineDocument, check: (outcome: Outcome, rows: InputRow[], others: OtherRow[]) => void) {
  const plan = await compileOrThrow(doc, environment);
  await fc.assert(
    fc.asyncProperty(inputRows, otherRows, async (rows, others) => {
      const outcome = await execute(db.owner, plan, async (sql) => {
        await fill(sql, 'tenant.input', rows.map(asText));
        await fill(sql, 'tenant.other', others.map(otherText));
      });
      check(outcome, rows, others);
    }),
    { numRuns: 25 },
  );
}

const otherText = (row: OtherRow): Row => ({ id: String(row.id), k: textOf(row.k), label: row.label });
const staged = (outcome: Outcome): Row[] => outcome.stages.n ?? [];
const keyOf = (row: InputRow) => ({ id: row.id });

describe('a table source', () => {
  it('stages every row with its primary key', async () => {
    await holds(around({ kind: 'filter', config: { where: 'true' } }), (outcome, rows) => {
      expect(sorted(outcome.stages.src ?? [])).toEqual(sorted(rows.map(asText)));
      expect(sorted(outcome.hidden.src ?? [])).toEqual(
        sorted(rows.map((row) => ({ key: keyOf(row), source: 'src', replayable: true }))),
      );
    });
  });
});

describe('a filter', () => {
  const conditions: [string, (row: InputRow) => Truth][] = [
    [
      'k > 2 and b',
      (r) =>
        and(
          strict(r.k, (k) => k > 2),
          r.b,
        ),
    ],
    ["t is distinct from 'a'", (r) => r.t !== 'a'],
    [
      "n >= 1.50 or d < date '2026-01-05'",
      (r) =>
        or(
          strict(r.n, (n) => n >= 150n),
          strict(r.d, (d) => d < '2026-01-05'),
        ),
    ],
    ['not b', (r) => not(r.b)],
    ['k in (1, 2, null)', (r) => (r.k === 1 || r.k === 2 ? true : null)],
    ["ts = tz at time zone 'UTC'", (r) => strict(r.ts, (ts) => strict(r.tz, (tz) => ts === tz))],
    ['coalesce(k, 0) % 2 = 0 -- a comment', (r) => (r.k ?? 0) % 2 === 0],
    ['tz < run.due_at', (r) => strict(r.tz, (tz) => tz < '2026-03-01 12:00:00')],
    [
      "t in ('a', 'it''s') or (b is null) is true",
      (r) =>
        or(
          strict(r.t, (t) => t === 'a' || t === "it's"),
          r.b === null,
        ),
    ],
    ['k between -1 and 1', (r) => strict(r.k, (k) => k >= -1 && k <= 1)],
  ];
  it.each(conditions)('keeps the rows for which %s is true', async (where, predicate) => {
    await holds(around({ kind: 'filter', config: { where } }), (outcome, rows) => {
      expect(sorted(staged(outcome))).toEqual(sorted(rows.filter((row) => predicate(row) === true).map(asText)));
    });
  });
});

describe('a derive', () => {
  const date = (day: string, plus: number) => new Date(Date.parse(day) + plus * 86_400_000).toISOString().slice(0, 10);
  const expressions: [string, (row: InputRow) => Cell][] = [
    ['k * 2 + 1', (r) => textOf(strict(r.k, (k) => k * 2 + 1))],
    ["upper(t) || '!'", (r) => strict(r.t, (t) => `${t.toUpperCase()}!`)],
    ['n + k', (r) => strict(r.n, (n) => strict(r.k, (k) => decimal(n + BigInt(k) * 100n)))],
    ['n * n', (r) => strict(r.n, (n) => decimal(n * n, 4))],
    ["coalesce(t, 'none')", (r) => r.t ?? 'none'],
    ["case when b then 'yes' when not b then 'no' end", (r) => strict(r.b, (b) => (b ? 'yes' : 'no'))],
    ['d + 1', (r) => strict(r.d, (d) => date(d, 1))],
    ['k is null', (r) => String(r.k === null)],
    ['length(t)', (r) => textOf(strict(r.t, (t) => t.length))],
    ["date_trunc('day', ts)", (r) => strict(r.ts, (ts) => `${ts.slice(0, 10)} 00:00:00`)],
    ['nullif(k, 1)', (r) => textOf(r.k === 1 ? null : r.k)],
    ['greatest(k, 2)', (r) => textOf(Math.max(r.k ?? 2, 2))],
    ["split_part(t, '|', 1)", (r) => strict(r.t, (t) => t.split('|')[0] ?? '')],
    ['run.id', () => '0198c0de-0000-7000-8000-000000000001'],
    ['run.due_at', () => '2026-03-01 12:00:00+00'],
  ];
  it('adds each value and replaces a column of the same name in its place', async () => {
    const columns = expressions.map(([expression], i) => ({ name: `x${i}`, expression }));
    const config = { columns: [...columns, { name: 't', expression: 'k' }] };
    await holds(around({ kind: 'derive', config }), (outcome, rows) => {
      const expected = rows.map((row) => {
        const added = Object.fromEntries(expressions.map(([, compute], i) => [`x${i}`, compute(row)]));
        return { ...asText(row), t: textOf(row.k), ...added };
      });
      expect(sorted(staged(outcome))).toEqual(sorted(expected));
    });
  });

  it('sees parameters, by their default and by the run’s value', async () => {
    const nodes = around({ kind: 'derive', config: { columns: [{ name: 'x', expression: 'params.p + k' }] } }).nodes;
    await holds(documentOf(nodes, { parameters: { p: { type: 'integer', default: 10 } } }), (outcome, rows) => {
      expect(sorted(staged(outcome).map((row) => row.x))).toEqual(
        sorted(rows.map((row) => textOf(strict(row.k, (k) => k + 10)))),
      );
    });
  });
});

describe('a select', () => {
  it('keeps, renames and reorders', async () => {
    const columns = [{ name: 'd' }, { name: 'k', as: 'number' }, { name: 'k', as: 'again' }];
    await holds(around({ kind: 'select', config: { columns } }), (outcome, rows) => {
      expect(sorted(staged(outcome))).toEqual(
        sorted(rows.map((row) => ({ d: row.d, number: textOf(row.k), again: textOf(row.k) }))),
      );
    });
  });

  it('casts what can be cast and parks the other rows with their key and payload', async () => {
    const columns = [
      { name: 'id' },
      { name: 'n', cast: 'integer' },
      { name: 'ts', cast: 'date' },
      { name: 'b', cast: 'text' },
    ];
    await holds(around({ kind: 'select', config: { columns } }), (outcome, rows) => {
      const isWhole = (row: InputRow) => row.n === null || row.n % 100n === 0n;
      const expected = rows.filter(isWhole).map((row) => ({
        id: String(row.id),
        n: textOf(strict(row.n, (n) => String(n / 100n))),
        ts: strict(row.ts, (ts) => ts.slice(0, 10)),
        b: textOf(row.b),
      }));
      expect(sorted(staged(outcome))).toEqual(sorted(expected));
      const parked = rows.filter((row) => !isWhole(row));
      expect(sorted(outcome.rejects.map(({ row_key }) => row_key))).toEqual(sorted(parked.map(keyOf)));
      for (const reject of outcome.rejects) {
        expect(reject).toMatchObject({
          node_id: 'n',
          rule: 'cast',
          error_kind: 'cast',
          source_node: 'src',
          replayable: true,
        });
        expect(reject.message).toMatch(/^column "n": "-?[\d.]+" is not a valid integer$/);
        expect(Object.keys(reject.payload).sort()).toEqual(['b', 'd', 'id', 'k', 'n', 't', 'ts', 'tz']);
      }
    });
  });
});

describe('a join', () => {
  const join = (type: string) =>
    documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'input', columns: ['id', 'k'] } },
      { id: 'oth', kind: 'source', config: { type: 'table', table: 'other' } },
      {
        id: 'n',
        kind: 'join',
        inputs: ['src', 'oth'],
        config: { type, on: [{ left: 'k', right: 'k' }], right: [{ name: 'id', as: 'other_id' }, { name: 'label' }] },
      },
      { id: 'out', kind: 'target', inputs: ['n'], config: { type: 'table', table: 'made_by_test', mode: 'append' } },
    ]);

  it.each(['inner', 'left', 'right', 'full'])(
    '(%s) pairs equal keys, never nulls, and keys each row by both sides',
    async (type) => {
      await holds(join(type), (outcome, rows, others) => {
        const isPair = (row: InputRow, other: OtherRow) => row.k !== null && row.k === other.k;
        const pairs: [InputRow | null, OtherRow | null][] = rows.flatMap((row) =>
          others.filter((other) => isPair(row, other)).map((other): [InputRow, OtherRow] => [row, other]),
        );
        if (type === 'left' || type === 'full') {
          for (const row of rows) if (!others.some((other) => isPair(row, other))) pairs.push([row, null]);
        }
        if (type === 'right' || type === 'full') {
          for (const other of others) if (!rows.some((row) => isPair(row, other))) pairs.push([null, other]);
        }
        const expected = pairs.map(([row, other]) => ({
          id: textOf(row?.id ?? null),
          k: textOf(row?.k ?? null),
          other_id: textOf(other?.id ?? null),
          label: other?.label ?? null,
        }));
        expect(sorted(staged(outcome))).toEqual(sorted(expected));
        const keys = pairs.map(([row, other]) => ({ src: row && { id: row.id }, oth: other && { id: other.id } }));
        const normal = (key: unknown) => ({ src: (key as { src: unknown }).src, oth: (key as { oth: unknown }).oth });
        expect(sorted((outcome.hidden.n ?? []).map(({ key }) => normal(key)))).toEqual(sorted(keys));
        expect((outcome.hidden.n ?? []).every(({ source, replayable }) => source === 'n' && replayable)).toBe(true);
      });
    },
  );
});

describe('an aggregate', () => {
  const present = <T>(values: (T | null)[]): T[] => values.filter((value) => value !== null);
  const aggregates = [
    { name: 'rows', fn: 'count' },
    { name: 'count_k', fn: 'count', expression: 'k' },
    { name: 'distinct_k', fn: 'count_distinct', expression: 'k' },
    { name: 'sum_k', fn: 'sum', expression: 'k' },
    { name: 'sum_n', fn: 'sum', expression: 'n * 1' },
    { name: 'min_n', fn: 'min', expression: 'n' },
    { name: 'max_d', fn: 'max', expression: 'd' },
    { name: 'all_b', fn: 'bool_and', expression: 'b' },
    { name: 'any_b', fn: 'bool_or', expression: 'b' },
    { name: 'texts', fn: 'string_agg', expression: 't', separator: '/' },
    { name: 'list', fn: 'array_agg', expression: 'k' },
    { name: 'late', fn: 'bool_or', expression: 'tz > run.due_at' },
  ];
  const max = (values: string[]) =>
    values.reduce<string | null>((best, value) => (best === null || value > best ? value : best), null);
  const compute = (rows: InputRow[]): Row => {
    const ks = present(rows.map((row) => row.k));
    const ns = present(rows.map((row) => row.n));
    const bs = present(rows.map((row) => row.b));
    const late = present(rows.map((row) => strict(row.tz, (tz) => tz > '2026-03-01 12:00:00')));
    const ts = present(rows.map((row) => row.t));
    const least = ns.reduce<bigint | null>((best, n) => (best === null || n < best ? n : best), null);
    return {
      rows: String(rows.length),
      count_k: String(ks.length),
      distinct_k: String(new Set(ks).size),
      sum_k: ks.length === 0 ? null : String(ks.reduce((sum, k) => sum + k, 0)),
      sum_n: ns.length === 0 ? null : decimal(ns.reduce((sum, n) => sum + n, 0n)),
      min_n: strict(least, decimal),
      max_d: max(present(rows.map((row) => row.d))),
      all_b: bs.length === 0 ? null : String(bs.every(Boolean)),
      any_b: bs.length === 0 ? null : String(bs.some(Boolean)),
      texts: ts.length === 0 ? null : ts.join('/'),
      list: rows.length === 0 ? null : `{${rows.map((row) => row.k ?? 'NULL').join(',')}}`,
      late: late.length === 0 ? null : String(late.some(Boolean)),
    };
  };

  it.each([[[]], [['t']], [['k', 'b']], [['d', 'ts', 'tz', 'n']]])('groups by %j', async (groupBy: string[]) => {
    await holds(around({ kind: 'aggregate', config: { groupBy, aggregates } }), (outcome, rows) => {
      const groups = new Map<string, InputRow[]>(groupBy.length === 0 ? [['[]', []]] : []);
      for (const row of rows) {
        const key = JSON.stringify(groupBy.map((name) => asText(row)[name]));
        groups.set(key, [...(groups.get(key) ?? []), row]);
      }
      const expected = [...groups].map(([key, members]) => {
        const values = JSON.parse(key) as Cell[];
        return { ...Object.fromEntries(groupBy.map((name, i) => [name, values[i]])), ...compute(members) };
      });
      expect(sorted(staged(outcome))).toEqual(sorted(expected));
      expect((outcome.hidden.n ?? []).every(({ replayable, source }) => !replayable && source === 'n')).toBe(true);
    });
  });

  it('averages exactly', async () => {
    const config = { aggregates: [{ name: 'mean', fn: 'avg', expression: 'k' }] };
    await holds(around({ kind: 'aggregate', config }), (outcome, rows) => {
      const ks = present(rows.map((row) => row.k));
      const [row] = staged(outcome);
      if (ks.length === 0) expect(row?.mean).toBeNull();
      else expect(Number(row?.mean)).toBeCloseTo(ks.reduce((sum, k) => sum + k, 0) / ks.length, 12);
    });
  });
});

describe('the nodes over many rows', () => {
  const nullsLast = <T extends string | number | bigint>(x: T | null, y: T | null, sign: 1 | -1): number => {
    if (x === y) return 0;
    if (x === null) return 1;
    if (y === null) return -1;
    return (x < y ? -1 : 1) * sign;
  };

  it('sort puts nulls last in both directions, ties in input order, and cuts at the limit', async () => {
    const by = [{ expression: 'k', direction: 'desc' }, { expression: 'n' }];
    await holds(around({ kind: 'sort', config: { by, limit: 5 } }), (outcome, rows) => {
      const expected = [...rows].sort((x, y) => nullsLast(x.k, y.k, -1) || nullsLast(x.n, y.n, 1) || x.id - y.id);
      expect(staged(outcome)).toEqual(expected.slice(0, 5).map(asText));
    });
  });

  it('dedupe keeps the first of each key by its order, nulls being one key', async () => {
    const config = { key: ['k', 'b'], orderBy: [{ expression: 'd', direction: 'desc' }] };
    await holds(around({ kind: 'dedupe', config }), (outcome, rows) => {
      const best = new Map<string, InputRow>();
      for (const row of [...rows].sort((x, y) => nullsLast(x.d, y.d, -1) || x.id - y.id)) {
        const key = JSON.stringify([row.k, row.b]);
        if (!best.has(key)) best.set(key, row);
      }
      expect(sorted(staged(outcome))).toEqual(sorted([...best.values()].map(asText)));
    });
  });

  const union = (distinct: boolean) =>
    documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'input', columns: ['k', 't'], key: ['id'] } },
      { id: 'oth', kind: 'source', config: { type: 'table', table: 'other', columns: ['label', 'k'] } },
      {
        id: 'renamed',
        kind: 'select',
        inputs: ['oth'],
        config: {
          columns: [
            { name: 'label', as: 't' },
            { name: 'k', cast: 'bigint' },
          ],
        },
      },
      { id: 'n', kind: 'union', inputs: ['src', 'renamed'], config: { distinct } },
      { id: 'out', kind: 'target', inputs: ['n'], config: { type: 'table', table: 'made_by_test', mode: 'append' } },
    ]);

  it.each([true, false])('union (distinct: %s) matches columns by name and finds a common type', async (distinct) => {
    await holds(union(distinct), (outcome, rows, others) => {
      const all = [
        ...rows.map((row) => [textOf(row.k), row.t]),
        ...others.map((other) => [textOf(other.k), other.label]),
      ];
      const kept = distinct
        ? [...new Set(all.map((row) => JSON.stringify(row)))].map((row) => JSON.parse(row) as Cell[])
        : all;
      expect(sorted(staged(outcome))).toEqual(sorted(kept.map(([k, t]) => ({ k, t }))));
    });
  });

  it('lookup adds columns by a unique key and keeps every row once', async () => {
    const config = {
      table: 'other',
      on: [{ left: 'k', right: 'id' }],
      columns: [{ name: 'label' }, { name: 'k', as: 'other_k' }],
    };
    await holds(around({ kind: 'lookup', config }), (outcome, rows, others) => {
      const expected = rows.map((row) => {
        const found = others.find((other) => other.id === row.k);
        return { ...asText(row), label: found?.label ?? null, other_k: textOf(found?.k ?? null) };
      });
      expect(sorted(staged(outcome))).toEqual(sorted(expected));
    });
  });
});
