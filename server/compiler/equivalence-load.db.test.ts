import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { around, compileOrThrow, documentOf } from './testing/documents.ts';
import { type Cell, execute, type Outcome, type Row, RUN } from './testing/execute.ts';
import { asText, fill, INPUT_DDL, type InputRow, inputRows, OTHER_DDL, sorted, textOf } from './testing/model.ts';

// The load modes, run by PostgreSQL, against a plain JavaScript evaluation.
const db = await testDatabase();
await db.owner.unsafe(`CREATE SCHEMA tenant; CREATE TABLE tenant.input ${INPUT_DDL}; CREATE TABLE tenant.other ${OTHER_DDL};
  CREATE TABLE tenant.sink (k integer PRIMARY KEY, t text, n numeric(10,2) DEFAULT 7, _lineage jsonb)`);
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };
const runs = { numRuns: 25 };
const keyOf = (row: InputRow) => ({ id: row.id });

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
