import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { around, documentOf } from './testing/documents.ts';
import { openEquivalence } from './testing/equivalence.ts';
import type { Cell, Outcome, Row } from './testing/execute.ts';
import {
  and,
  asText,
  decimal,
  type InputRow,
  not,
  type OtherRow,
  or,
  sorted,
  strict,
  type Truth,
  textOf,
} from './testing/model.ts';

// Each node kind, compiled and run by PostgreSQL, against a plain JavaScript evaluation of the same small tables.
const db = await testDatabase();
const { holds } = await openEquivalence(db);
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

  it('sees a parameter by its default', async () => {
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
