import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { around, compileOrThrow, documentOf } from './testing/documents.ts';
import { type Cell, execute, type Outcome, type Row, RUN } from './testing/execute.ts';
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

// File sources, validation and the load modes, run by PostgreSQL, against a plain JavaScript evaluation.
const db = await testDatabase();
const rawColumns = rawTypes.map((_, i) => `c${i + 1} text`).join(', ');
await db.owner.unsafe(`CREATE SCHEMA tenant; CREATE TABLE tenant.input ${INPUT_DDL}; CREATE TABLE tenant.other ${OTHER_DDL};
  CREATE TABLE tenant.sink (k integer PRIMARY KEY, t text, n numeric(10,2) DEFAULT 7, _lineage jsonb);
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

describe('a table target', () => {
  const load = (config: Record<string, unknown>) =>
    documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'input', columns: ['k', 't', 'n'] } },
      { id: 'out', kind: 'target', inputs: ['src'], config: { type: 'table', ...config } },
    ]);
  const firstRows = [
    { k: '1', t: 'old', n: '7.00' },
    { k: '9', t: 'kept', n: null },
  ];
  type Loaded = { outcome: Outcome; rows: InputRow[] };

  async function loads(config: Record<string, unknown>, check: (loaded: Loaded) => void, rowsOf = inputRows) {
    const plan = await compileOrThrow(load(config), environment);
    await fc.assert(
      fc.asyncProperty(rowsOf, async (rows) => {
        const outcome = await execute(db.owner, plan, async (sql) => {
          await fill(sql, 'tenant.input', rows.map(asText));
          await fill(sql, 'tenant.sink', firstRows);
        });
        check({ outcome, rows });
      }),
      runs,
    );
  }
  const written = (row: InputRow): Row => ({ k: asText(row).k ?? null, t: row.t, n: asText(row).n ?? null });
  // The sink has k as its primary key: rows that may be appended to it have keys that differ from each other and its own.
  const appendable = inputRows.map((rows) => rows.map((row, i) => ({ ...row, k: 100 + i })));
  const lastByKey = (rows: InputRow[]): Map<Cell, Row> =>
    new Map(rows.filter((row) => row.k !== null).map((row) => [textOf(row.k), written(row)]));

  it('append adds to what is there', async () => {
    await loads(
      { table: 'sink', mode: 'append' },
      ({ outcome, rows }) => {
        expect(sorted(outcome.targets.out ?? [])).toEqual(sorted([...firstRows, ...rows.map(written)]));
      },
      appendable,
    );
  });

  it('append makes a missing table from the input’s types', async () => {
    await loads({ table: 'fresh', mode: 'append' }, ({ outcome, rows }) => {
      expect(sorted(outcome.targets.out ?? [])).toEqual(sorted(rows.map(written)));
    });
  });

  it('truncate replaces what is there and refuses an empty input', async () => {
    await loads(
      { table: 'sink', mode: 'truncate' },
      ({ outcome, rows }) => {
        if (rows.length === 0) expect(outcome.failure).toContain('the input is empty');
        else expect(sorted(outcome.targets.out ?? [])).toEqual(sorted(rows.map(written)));
      },
      appendable,
    );
  });

  it('truncate empties the table when that is allowed', async () => {
    await loads(
      { table: 'sink', mode: 'truncate', allowEmpty: true },
      ({ outcome, rows }) => {
        expect(outcome.failure).toBeNull();
        expect(sorted(outcome.targets.out ?? [])).toEqual(sorted(rows.map(written)));
      },
      appendable,
    );
  });

  it.each(['sink', 'fresh'])(
    'upsert into %s: the last row of a key wins, null keys are parked, the rest stays',
    async (table) => {
      await loads({ table, mode: 'upsert', key: ['k'] }, ({ outcome, rows }) => {
        const before = table === 'sink' ? firstRows.map((row): [Cell, Row] => [row.k, row]) : [];
        const expected = new Map([...before, ...lastByKey(rows)]);
        expect(sorted(outcome.targets.out ?? [])).toEqual(sorted([...expected.values()]));
        const parked = rows.filter((row) => row.k === null);
        expect(sorted(outcome.rejects.map(({ row_key }) => row_key))).toEqual(sorted(parked.map(keyOf)));
        expect(outcome.rejects.every(({ rule, error_kind }) => rule === 'upsert_key' && error_kind === 'key')).toBe(
          true,
        );
        expect(outcome.counts.find(({ purpose }) => purpose === 'load')?.count).toBe(lastByKey(rows).size);
      });
    },
  );

  it('upsert sees two keys as one that become one in the target’s type', async () => {
    const doc = documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'input', columns: ['n', 't'] } },
      { id: 'typed', kind: 'derive', inputs: ['src'], config: { columns: [{ name: 'k', expression: 'n' }] } },
      {
        id: 'out',
        kind: 'target',
        inputs: ['typed'],
        config: { type: 'table', table: 'sink', mode: 'upsert', key: ['k'] },
      },
    ]);
    const plan = await compileOrThrow(doc, environment);
    await fc.assert(
      fc.asyncProperty(inputRows, async (rows) => {
        const outcome = await execute(db.owner, plan, (sql) => fill(sql, 'tenant.input', rows.map(asText)));
        // numeric to integer rounds half away from zero.
        const rounded = (n: bigint) => String((n < 0n ? -1n : 1n) * (((n < 0n ? -n : n) + 50n) / 100n));
        const last = new Map(rows.flatMap((row) => (row.n === null ? [] : [[rounded(row.n), row.t] as const])));
        expect(sorted((outcome.targets.out ?? []).map(({ k, t }) => [k, t]))).toEqual(sorted([...last]));
      }),
      runs,
    );
  });

  it('writes where each row came from when lineage is on', async () => {
    const plan = await compileOrThrow(load({ table: 'sink', mode: 'upsert', key: ['k'], lineage: true }), environment);
    const doc = load({ table: 'fresh', mode: 'append', lineage: true });
    const made = await compileOrThrow(doc, environment);
    for (const [each, table] of [
      [plan, 'sink'],
      [made, 'fresh'],
    ] as const) {
      const reading = { ...each, nodes: [...each.nodes] };
      const [source, target] = reading.nodes;
      if (!source || !target) throw new Error('two nodes were expected');
      const look = {
        purpose: 'check' as const,
        sql: `SELECT 1 AS failures, _lineage::text AS message FROM tenant.${table} WHERE k = 3`,
      };
      reading.nodes[1] = { ...target, statements: (run) => [...target.statements(run), look] };
      const row = { id: '5', k: '3', t: 'x', b: null, n: null, d: null, ts: null, tz: null };
      const outcome = await execute(db.owner, reading, (sql) => fill(sql, 'tenant.input', [row]));
      const lineage: unknown = JSON.parse(outcome.failure ?? 'null');
      expect(lineage).toEqual({ run: RUN.runId, pipeline: RUN.pipelineId, node: 'src', key: { id: 5 } });
    }
  });
});

describe('a parameter', () => {
  it('takes the run’s value, and its default only where the run has none', async () => {
    const nodes = around({ kind: 'derive', config: { columns: [{ name: 'x', expression: 'params.p' }] } }).nodes;
    const doc = documentOf(nodes, { parameters: { p: { type: 'date', default: '2026-01-01' } } });
    const plan = await compileOrThrow(doc, environment);
    const row = { id: '1', k: null, t: null, b: null, n: null, d: null, ts: null, tz: null };
    for (const [params, expected] of [
      [{}, '2026-01-01'],
      [{ p: '2027-05-06' }, '2027-05-06'],
      [{ p: null }, null],
    ] as const) {
      const outcome = await execute(db.owner, plan, (sql) => fill(sql, 'tenant.input', [row]), { ...RUN, params });
      expect(outcome.stages.n?.[0]?.x).toBe(expected);
    }
  });
});
