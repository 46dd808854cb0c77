import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { around, compileOrThrow, documentOf } from './testing/documents.ts';
import { execute, RUN } from './testing/execute.ts';
import {
  asText,
  fill,
  INPUT_DDL,
  type InputRow,
  inputRows,
  OTHER_DDL,
  otherRows,
  sorted,
  textOf,
} from './testing/model.ts';
import { rawRows, rawTypes } from './testing/raw-cells.ts';

// File sources and validation, run by PostgreSQL, against a plain JavaScript evaluation.
const db = await testDatabase();
const rawColumns = rawTypes.map((_, i) => `c${i + 1} text`).join(', ');
await db.owner.unsafe(`CREATE SCHEMA tenant; CREATE TABLE tenant.input ${INPUT_DDL}; CREATE TABLE tenant.other ${OTHER_DDL};
  CREATE SCHEMA stage; CREATE UNLOGGED TABLE stage.r_1 (path text, line bigint, raw text, ${rawColumns})`);
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };
const runs = { numRuns: 25 };
const keyOf = (row: InputRow) => ({ id: row.id });

describe('a file source', () => {
  const columns = rawTypes.map((type, i) => ({ name: `${type} ${i}`, type, from: `field ${i}` }));
  const nameOf = (i: number) => columns[i]?.name ?? '';
  const doc = documentOf([
    { id: 'files', kind: 'source', config: { type: 'file', format: 'csv', path: 'in/*.csv', columns } },
    { id: 'out', kind: 'target', inputs: ['files'], config: { type: 'table', table: 'made', mode: 'append' } },
  ]);

  it('reads every type and parks each row with a bad value, with file, line and raw fields', async () => {
    const plan = await compileOrThrow(doc, environment);
    const run = { ...RUN, rawTables: { files: { schema: 'stage', table: 'r_1' } } };
    await fc.assert(
      fc.asyncProperty(rawRows, async (rows) => {
        const outcome = await execute(
          db.owner,
          plan,
          async (sql) => {
            const raw = rows.map((cells, i) => ({
              path: 'in/a.csv',
              line: String(i + 2),
              raw: 'whole line',
              ...Object.fromEntries(cells.map((cell, c) => [`c${c + 1}`, cell.raw])),
            }));
            await fill(sql, 'stage.r_1', raw);
          },
          run,
        );
        const numbered = rows.map((cells, i) => ({ cells, key: { line: i + 2, path: 'in/a.csv' } }));
        const good = numbered.filter(({ cells }) => cells.every((cell) => cell.value !== 'bad'));
        const parked = numbered.filter(({ cells }) => cells.some((cell) => cell.value === 'bad'));
        expect(outcome.stages.files).toEqual(
          good.map(({ cells }) => Object.fromEntries(cells.map((cell, c) => [nameOf(c), cell.value]))),
        );
        expect(sorted((outcome.hidden.files ?? []).map(({ key }) => key))).toEqual(sorted(good.map(({ key }) => key)));
        expect(sorted(outcome.targets.out ?? [])).toEqual(sorted(outcome.stages.files ?? []));
        expect(outcome.rejects.map(({ row_key }) => row_key)).toEqual(parked.map(({ key }) => key));
        for (const [i, { cells }] of parked.entries()) {
          const reject = outcome.rejects[i];
          const named = cells.flatMap((cell, c) => (cell.value === 'bad' ? [nameOf(c)] : []));
          for (const name of named) expect(reject?.message).toContain(`column "${name}"`);
          expect(reject?.message.split('; column').length).toBe(named.length);
          expect(reject?.payload).toEqual(Object.fromEntries(cells.map((cell, c) => [nameOf(c), cell.raw])));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a validate node', () => {
  type Rule = {
    rule: Record<string, unknown>;
    name: string;
    fails: (row: InputRow, all: InputRow[], others: Set<number>) => boolean;
  };
  const rules: Rule[] = [
    {
      rule: { rule: 'not_null', columns: ['k', 'b'] },
      name: 'not_null(k, b)',
      fails: (r) => r.k === null || r.b === null,
    },
    {
      rule: { rule: 'unique', columns: ['k', 't'] },
      name: 'unique(k, t)',
      fails: (r, all) => r.k !== null && r.t !== null && all.some((o) => o.id < r.id && o.k === r.k && o.t === r.t),
    },
    {
      rule: { rule: 'range', column: 'n', min: -1, max: 2.5 },
      name: 'range(n)',
      fails: (r) => r.n !== null && (r.n < -100n || r.n > 250n),
    },
    {
      rule: { rule: 'range', column: 'd', max: '2026-01-05' },
      name: 'range(d)',
      fails: (r) => r.d !== null && r.d > '2026-01-05',
    },
    {
      rule: { rule: 'regex', column: 't', pattern: "^[a-z']*$" },
      name: 'regex(t)',
      fails: (r) => r.t !== null && !/^[a-z']*$/.test(r.t),
    },
    {
      rule: { rule: 'in_set', column: 'k', values: [1, 2, 3] },
      name: 'in_set(k)',
      fails: (r) => r.k !== null && ![1, 2, 3].includes(r.k),
    },
    {
      rule: { rule: 'in_set', column: 't', values: ["it's", 'a'] },
      name: 'in_set(t)',
      fails: (r) => r.t !== null && !["it's", 'a'].includes(r.t),
    },
    {
      rule: { rule: 'expression', expression: 'k < 3 or b' },
      name: 'expression',
      fails: (r) => r.k !== null && r.k >= 3 && r.b === false,
    },
    {
      rule: { rule: 'references', columns: ['k'], table: 'other', tableColumns: ['id'] },
      name: 'references(k)',
      fails: (r, _all, others) => r.k !== null && !others.has(r.k),
    },
  ];
  const chosen = fc.array(
    fc.record({ rule: fc.constantFrom(...rules), onFail: fc.constantFrom('quarantine', 'drop', 'warn', 'quarantine') }),
    { minLength: 1, maxLength: 4 },
  );

  it('lets each row through, parks, drops or warns by the first rule that decides', async () => {
    await fc.assert(
      fc.asyncProperty(chosen, inputRows, otherRows, async (picked, rows, others) => {
        const config = { rules: picked.map(({ rule, onFail }) => ({ ...rule.rule, onFail })) };
        const plan = await compileOrThrow(around({ kind: 'validate', config }), environment);
        const outcome = await execute(db.owner, plan, async (sql) => {
          await fill(sql, 'tenant.input', rows.map(asText));
          await fill(
            sql,
            'tenant.other',
            others.map((o) => ({ id: String(o.id), k: textOf(o.k), label: o.label })),
          );
        });
        const ids = new Set(others.map((other) => other.id));
        const nameAt = (i: number) =>
          picked[i]?.rule.name === 'expression' ? `expression[${i}]` : (picked[i]?.rule.name ?? '');
        const judged = rows.map((row) => {
          const failed = picked.flatMap(({ rule }, i) => (rule.fails(row, rows, ids) ? [i] : []));
          const first = failed.find((i) => picked[i]?.onFail !== 'warn');
          return { row, failed, first };
        });
        const passed = judged.filter(({ first }) => first === undefined);
        expect(sorted(outcome.stages.n ?? [])).toEqual(sorted(passed.map(({ row }) => asText(row))));
        const parked = judged.filter(({ first }) => first !== undefined && picked[first]?.onFail === 'quarantine');
        expect(sorted(outcome.rejects.map(({ row_key, rule }) => ({ row_key, rule })))).toEqual(
          sorted(parked.map(({ row, first }) => ({ row_key: keyOf(row), rule: nameAt(first ?? 0) }))),
        );
        for (const { row, failed } of parked) {
          const reject = outcome.rejects.find(({ payload }) => payload.id === row.id);
          expect(reject).toMatchObject({ error_kind: 'rule', source_node: 'src', replayable: true });
          expect(reject?.message.split('; ').length).toBeGreaterThanOrEqual(failed.length);
        }
        const warned = picked.flatMap(({ onFail }, i) => {
          const count = judged.filter(({ failed }) => failed.includes(i)).length;
          return onFail === 'warn' && count > 0 ? [{ rule: nameAt(i), row_count: String(count) }] : [];
        });
        expect(sorted(outcome.warnings.map(({ rule, row_count }) => ({ rule, row_count })))).toEqual(sorted(warned));
      }),
      { numRuns: 60 },
    );
  });

  it('aborts exactly when a row fails an abort rule, and says how many', async () => {
    const config = { rules: [{ rule: 'not_null', columns: ['k'], onFail: 'abort' }] };
    const plan = await compileOrThrow(around({ kind: 'validate', config }), environment);
    await fc.assert(
      fc.asyncProperty(inputRows, async (rows) => {
        const outcome = await execute(db.owner, plan, (sql) => fill(sql, 'tenant.input', rows.map(asText)));
        const failing = rows.filter((row) => row.k === null).length;
        const expected = failing === 0 ? null : `${failing} rows fail the rule not_null(k), which aborts the run`;
        expect(outcome.failure).toBe(expected);
      }),
      runs,
    );
  });

  it.each(['abort', 'warn'])('counts the rows that pass the row rules (%s)', async (onFail) => {
    const config = {
      rules: [{ rule: 'not_null', columns: ['k'], onFail: 'drop' }],
      dataset: [{ rule: 'rowCount', min: 2, max: 5, onFail }],
    };
    const plan = await compileOrThrow(around({ kind: 'validate', config }), environment);
    await fc.assert(
      fc.asyncProperty(inputRows, async (rows) => {
        const outcome = await execute(db.owner, plan, (sql) => fill(sql, 'tenant.input', rows.map(asText)));
        const count = rows.filter((row) => row.k !== null).length;
        const message = `there are ${count} rows; expected 2 to 5`;
        const isOutside = count < 2 || count > 5;
        expect(outcome.failure).toBe(isOutside && onFail === 'abort' ? message : null);
        expect(outcome.warnings.map((warning) => warning.message)).toEqual(
          isOutside && onFail === 'warn' ? [message] : [],
        );
      }),
      runs,
    );
  });
});
