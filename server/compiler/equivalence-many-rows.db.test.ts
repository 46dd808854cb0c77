import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { around, documentOf } from './testing/documents.ts';
import { openEquivalence } from './testing/equivalence.ts';
import type { Cell, Outcome, Row } from './testing/execute.ts';
import { asText, decimal, type InputRow, sorted, strict, textOf } from './testing/model.ts';

// Each node kind, compiled and run by PostgreSQL, against a plain JavaScript evaluation of the same small tables.
const db = await testDatabase();
const { holds } = await openEquivalence(db);
const staged = (outcome: Outcome): Row[] => outcome.stages.n ?? [];

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
