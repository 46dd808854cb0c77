import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { columnLineage } from './column-lineage.ts';
import { compilePipeline } from './compile.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { around, compileOrThrow, documentOf, problemsOf } from './testing/documents.ts';
import { execute } from './testing/execute.ts';

const db = await testDatabase();
await db.owner.unsafe(`CREATE SCHEMA tenant;
  CREATE TABLE tenant.input (id integer PRIMARY KEY, k integer, t text, j json, n numeric, run text, due_at text, params text);
  CREATE TABLE tenant.nokey (a integer);
  CREATE TABLE tenant.sink (k integer, t text NOT NULL, g integer GENERATED ALWAYS AS (1) STORED, i integer NOT NULL);
  CREATE TABLE tenant.unrelated (k integer)`);
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };
const problems = (node: { kind: string; config: unknown }, table?: string) =>
  problemsOf(around(node, table), environment);
const target = (config: Record<string, unknown>, columns: string[]) =>
  problemsOf(
    documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'input', columns } },
      { id: 'out', kind: 'target', inputs: ['src'], config: { type: 'table', mode: 'append', ...config } },
    ]),
    environment,
  );

describe('compilePipeline', () => {
  it('maps what PostgreSQL says about an expression to its place in the text', async () => {
    const where = "'é😀' = t and k + t > 0";
    expect(await problems({ kind: 'filter', config: { where } })).toEqual([
      `/nodes/1/config/where invalid_expression @${where.indexOf('+')}`,
    ]);
  });

  it('refuses a condition that is not boolean', async () => {
    expect(await problems({ kind: 'filter', config: { where: 'k + 1' } })).toEqual([
      '/nodes/1/config/where not_boolean @0',
    ]);
    expect(await problems({ kind: 'filter', config: { where: 'null' } })).toEqual([
      '/nodes/1/config/where not_boolean @0',
    ]);
  });

  it('collects the problems of all nodes, also behind a broken one', async () => {
    const doc = documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'missing' } },
      { id: 'a', kind: 'filter', inputs: ['src'], config: { where: 'now() > x' } },
      {
        id: 'b',
        kind: 'derive',
        inputs: ['a'],
        config: {
          columns: [
            { name: 'y', expression: 'x +' },
            { name: 'z', expression: 'params.q' },
          ],
        },
      },
      {
        id: 'out',
        kind: 'target',
        inputs: ['b'],
        config: { type: 'table', table: 'made', mode: 'mirror', key: ['y'] },
      },
    ]);
    expect(await problemsOf(doc, environment)).toEqual([
      '/nodes/0/config/table unknown_table',
      '/nodes/1/config/where function_not_allowed @0',
      '/nodes/2/config/columns/0/expression syntax_error @3',
      '/nodes/2/config/columns/1/expression unknown_parameter @0',
      '/nodes/3/config/mode not_supported_yet',
    ]);
  });

  it('refuses unknown columns where they are named', async () => {
    const rules = [
      { rule: 'not_null', columns: ['k', 'x'] },
      { rule: 'range', column: 'x', min: 1 },
      { rule: 'references', columns: ['k'], table: 'sink', tableColumns: ['x'] },
      { rule: 'references', columns: ['k'], table: 'missing', tableColumns: ['x'] },
    ];
    expect(await problems({ kind: 'validate', config: { rules } })).toEqual([
      '/nodes/1/config/rules/0/columns/1 unknown_column',
      '/nodes/1/config/rules/1/column unknown_column',
      '/nodes/1/config/rules/2/tableColumns/0 unknown_column',
      '/nodes/1/config/rules/3/table unknown_table',
    ]);
    expect(await problems({ kind: 'select', config: { columns: [{ name: 'k' }, { name: 'x' }] } })).toEqual([
      '/nodes/1/config/columns/1/name unknown_column',
    ]);
  });

  it('refuses rule values that are not of the column’s type', async () => {
    const rules = [
      { rule: 'range', column: 'k', min: 'one' },
      { rule: 'in_set', column: 't', values: [1, 2] },
      { rule: 'unique', columns: ['j'] },
      { rule: 'expression', expression: 'k' },
    ];
    expect(await problems({ kind: 'validate', config: { rules } })).toEqual([
      '/nodes/1/config/rules/0/min invalid_value',
      '/nodes/1/config/rules/1/values invalid_value',
      '/nodes/1/config/rules/2/columns not_comparable',
      '/nodes/1/config/rules/3/expression not_boolean @0',
    ]);
  });

  it('refuses a regular expression that PostgreSQL cannot read, and no other', async () => {
    const patterns = ['(', 'a{2', '[a', '*a', '[[:nosuch:]]', '^"\\d+\\s\'"$', '(?i)é|\\mword', '***=(', 'a\nb'];
    const rules = patterns.map((pattern) => ({ rule: 'regex', column: 't', pattern }));
    expect(await problems({ kind: 'validate', config: { rules } })).toEqual(
      [0, 1, 2, 3, 4].map((i) => `/nodes/1/config/rules/${i}/pattern invalid_value`),
    );
  });

  it('refuses aggregates of a type that has none, and groups of a type without equality', async () => {
    const config = { groupBy: ['j'], aggregates: [{ name: 'x', fn: 'sum', expression: 't' }] };
    expect(await problems({ kind: 'aggregate', config })).toEqual([
      '/nodes/1/config/aggregates/0/fn invalid_aggregate',
      '/nodes/1/config/groupBy not_comparable',
    ]);
  });

  it('refuses a join of columns that cannot be compared, and names that clash', async () => {
    const doc = documentOf([
      { id: 'a', kind: 'source', config: { type: 'table', table: 'input', columns: ['id', 'k'] } },
      { id: 'b', kind: 'source', config: { type: 'table', table: 'input', columns: ['id', 't'] } },
      { id: 'n', kind: 'join', inputs: ['a', 'b'], config: { on: [{ left: 'k', right: 't' }] } },
      { id: 'out', kind: 'target', inputs: ['n'], config: { type: 'table', table: 'made', mode: 'append' } },
    ]);
    expect(await problemsOf(doc, environment)).toEqual([
      '/nodes/2/config/on/0 not_comparable',
      '/nodes/2/config/right duplicate_column',
    ]);
  });

  it('holds an existing target to the input, column by column', async () => {
    expect((await target({ table: 'sink' }, ['k', 'id', 'n'])).sort()).toEqual([
      '/nodes/1/config/table target_column_missing',
      '/nodes/1/config/table target_column_missing',
      '/nodes/1/config/table target_column_unknown',
      '/nodes/1/config/table target_column_unknown',
    ]);
    const renamed = (columns: unknown) =>
      problemsOf(
        documentOf([
          { id: 'src', kind: 'source', config: { type: 'table', table: 'input' } },
          { id: 'sel', kind: 'select', inputs: ['src'], config: { columns } },
          { id: 'out', kind: 'target', inputs: ['sel'], config: { type: 'table', table: 'sink', mode: 'append' } },
        ]),
        environment,
      );
    expect(await renamed([{ name: 'n', as: 'k' }, { name: 't' }, { name: 'id', as: 'i' }])).toEqual([
      'warning /nodes/2/config/table lossy_type',
    ]);
    expect(
      await renamed([{ name: 't', as: 'k' }, { name: 't' }, { name: 'id', as: 'i' }, { name: 'id', as: 'g' }]),
    ).toEqual(['/nodes/2/config/table target_column_generated', '/nodes/2/config/table target_type']);
  });

  it('wants a unique index for upsert and a lineage column for lineage, and says how to make them', async () => {
    const doc = documentOf([
      { id: 'src', kind: 'source', config: { type: 'table', table: 'input', columns: ['k'] } },
      {
        id: 'out',
        kind: 'target',
        inputs: ['src'],
        config: { type: 'table', table: 'unrelated', mode: 'upsert', key: ['k'], lineage: true },
      },
    ]);
    const compiled = await compilePipeline(doc, environment);
    expect(compiled.problems.map(({ code }) => code).sort()).toEqual(['no_lineage_column', 'no_unique_index']);
    const messages = compiled.problems.map(({ message }) => message).join('\n');
    expect(messages).toContain('ALTER TABLE "tenant"."unrelated" ADD COLUMN _lineage jsonb');
    expect(messages).toContain('CREATE UNIQUE INDEX ON "tenant"."unrelated" ("k")');
  });

  it('warns about rows that cannot be replayed and keys that a right join loses', async () => {
    expect(await problems({ kind: 'filter', config: { where: 'a > 1' } }, 'nokey')).toEqual([
      'warning /nodes/0/config not_replayable',
    ]);
  });

  it('refuses a parameter’s default that is not of its type', async () => {
    const nodes = around({ kind: 'filter', config: { where: 'params.p > 0' } }).nodes;
    const doc = documentOf(nodes, { parameters: { p: { type: 'integer', default: 'ten' } } });
    expect(await problemsOf(doc, environment)).toEqual(['/parameters/p/default invalid_default']);
  });

  it('tells run and params from columns of the same names', async () => {
    const columns = [
      { name: 'x', expression: "run || '/' || due_at || '/' || params" },
      { name: 'y', expression: "run.due_at || '/' || params.p" },
    ];
    const nodes = around({ kind: 'derive', config: { columns } }).nodes;
    const plan = await compileOrThrow(
      documentOf(nodes, { parameters: { p: { type: 'text', default: 'P' } } }),
      environment,
    );
    const outcome = await execute(db.owner, plan, (sql) =>
      sql.unsafe(`INSERT INTO tenant.input (id, run, due_at, params) VALUES (1, 'r', 'd', 'p')`),
    );
    expect(outcome.stages.n?.[0]).toMatchObject({ x: 'r/d/p', y: '2026-03-01 12:00:00+00/P' });
  });

  it('traces each column to the columns that its value is computed from', async () => {
    const columns = [
      { name: 'x', expression: 'k + id' },
      { name: 'y', expression: "'constant'" },
    ];
    const plan = await compileOrThrow(around({ kind: 'derive', config: { columns } }), environment);
    const lineage = columnLineage(plan);
    expect(lineage).toContainEqual({ nodeId: 'src', column: 'k', from: [{ table: 'input', column: 'k' }] });
    const from = [
      { node: 'src', column: 'k' },
      { node: 'src', column: 'id' },
    ];
    expect(lineage).toContainEqual({ nodeId: 'n', column: 'x', from });
    expect(lineage).toContainEqual({ nodeId: 'n', column: 'y', from: [] });
    expect(lineage).toContainEqual({ nodeId: 'out', column: 't', from: [{ node: 'n', column: 't' }] });
  });
});
