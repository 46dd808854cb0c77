import { emitOutbox } from './emit-outbox.ts';
import { type Emitted, fail, findColumn, type NodeContext, onlyInput, passOrigins } from './node-context.ts';
import type { PlanNode, RunContext, Statement, TargetTable } from './plan.ts';
import { quoteIdent, quoteLiteral, quoteQualified } from './quote.ts';
import { payloadOf, rejectStatement, STAGED_HIDDEN, stageOf } from './select-list.ts';
import { keyTypes, LINEAGE_COLUMN, matchTarget } from './target-match.ts';

type Load = {
  nodeId: string;
  input: PlanNode;
  target: TargetTable;
  key: string[];
  /** Types of the key columns in the target table. */
  keyTypes: string[];
  hasLineage: boolean;
  allowEmpty: boolean;
};

/** Writes the input into a table of the tenant's schema, which is created from the input's types where it is missing. */
export async function emitTarget(ctx: NodeContext<'target'>): Promise<Emitted | null> {
  const { node, pointer } = ctx;
  const { config } = node;
  if (config.type === 'outbox') return emitOutbox(ctx, config);
  const input = onlyInput(ctx);
  if (config.type !== 'table')
    return fail(ctx, `${pointer}/config/type`, 'not_supported_yet', `${config.type} targets cannot be run yet`);
  const { mode } = config;
  if (mode !== 'append' && mode !== 'truncate' && mode !== 'upsert') {
    return fail(ctx, `${pointer}/config/mode`, 'not_supported_yet', `the load mode ${mode} cannot be run yet`);
  }
  const key = mode === 'upsert' ? (config.key ?? []) : [];
  const keyColumns = key.map((name, i) => findColumn(ctx, input.columns, name, `${pointer}/config/key/${i}`));
  const existing = ctx.catalogue.tables.get(config.table);
  const isMatching = await matchTarget(ctx, { input, key, table: config.table, existing, hasLineage: config.lineage });
  if (keyColumns.includes(null) || !isMatching) return null;
  const load: Load = {
    nodeId: node.id,
    input,
    target: { schema: ctx.catalogue.schema, table: config.table, mode, isCreated: existing === undefined },
    key,
    keyTypes: keyTypes(key, input.columns, existing),
    hasLineage: config.lineage,
    allowEmpty: config.allowEmpty,
  };
  return {
    columns: input.columns,
    origins: passOrigins(input),
    target: load.target,
    statements: (run) => loadStatements(load, run),
  };
}

function loadStatements(load: Load, run: RunContext): Statement[] {
  const table = quoteQualified(load.target.schema, load.target.table);
  const statements: Statement[] = load.target.isCreated ? createStatements(load, table) : [];
  if (load.target.mode === 'truncate') {
    if (!load.allowEmpty) statements.push(emptyCheck(load));
    if (!load.target.isCreated) statements.push({ purpose: 'ddl', sql: `TRUNCATE TABLE ${table}` });
  }
  if (load.target.mode === 'upsert') return [...statements, rejectNullKeys(load), upsertStatement(load, table, run)];
  const sql = `INSERT INTO ${table} (${columnList(load)})\nSELECT ${valueList(load, run)}\nFROM ${stageOf(load.input)} AS h\nORDER BY h.ctid`;
  return [...statements, { purpose: 'load', sql }];
}

function createStatements(load: Load, table: string): Statement[] {
  const columns = load.input.columns.map(
    ({ name, type }) => `  ${quoteIdent(name)} ${type}${load.key.includes(name) ? ' NOT NULL' : ''}`,
  );
  if (load.hasLineage) columns.push(`  ${quoteIdent(LINEAGE_COLUMN)} jsonb`);
  const create: Statement = { purpose: 'ddl', sql: `CREATE TABLE ${table} (\n${columns.join(',\n')}\n)` };
  if (load.key.length === 0) return [create];
  return [create, { purpose: 'ddl', sql: `CREATE UNIQUE INDEX ON ${table} (${load.key.map(quoteIdent).join(', ')})` }];
}

function emptyCheck(load: Load): Statement {
  const message = `the input is empty, and truncate would leave "${load.target.table}" empty; set allowEmpty if that is meant`;
  const sql = `SELECT CASE WHEN EXISTS (SELECT 1 FROM ${stageOf(load.input)}) THEN 0 ELSE 1 END::bigint AS failures, ${quoteLiteral(message)}::text AS message`;
  return { purpose: 'check', rule: 'empty_input', sql };
}

function rejectNullKeys(load: Load): Statement {
  return rejectStatement({
    nodeId: load.nodeId,
    rule: `'upsert_key'`,
    errorKind: 'key',
    message: quoteLiteral(`a column of the upsert key (${load.key.join(', ')}) is null`),
    hidden: STAGED_HIDDEN,
    payload: payloadOf(load.input.columns.map(({ name }) => ({ name, sql: `h.${quoteIdent(name)}` }))),
    from: `FROM ${stageOf(load.input)} AS h\nWHERE NOT (${isKeyComplete(load)})`,
  });
}

/** Of several rows with one key the last in row order wins: ON CONFLICT cannot touch a row twice in one statement. */
function upsertStatement(load: Load, table: string, run: RunContext): Statement {
  const keys = load.key.map((name, i) => `(h.${quoteIdent(name)})::${load.keyTypes[i]}`);
  const updated = [
    ...load.input.columns.map(({ name }) => name).filter((name) => !load.key.includes(name)),
    ...(load.hasLineage ? [LINEAGE_COLUMN] : []),
  ];
  const set = updated.map((name) => `${quoteIdent(name)} = EXCLUDED.${quoteIdent(name)}`).join(', ');
  const action = updated.length > 0 ? `DO UPDATE SET ${set}` : 'DO NOTHING';
  const sql = `INSERT INTO ${table} (${columnList(load)})
SELECT DISTINCT ON (${keys.join(', ')}) ${valueList(load, run)}
FROM ${stageOf(load.input)} AS h
WHERE ${isKeyComplete(load)}
ORDER BY ${keys.join(', ')}, h.ctid DESC
ON CONFLICT (${load.key.map(quoteIdent).join(', ')}) ${action}`;
  return { purpose: 'load', sql };
}

function isKeyComplete(load: Load): string {
  return load.key.map((name) => `h.${quoteIdent(name)} IS NOT NULL`).join(' AND ');
}

function columnList(load: Load): string {
  const names = load.input.columns.map(({ name }) => quoteIdent(name));
  return [...names, ...(load.hasLineage ? [quoteIdent(LINEAGE_COLUMN)] : [])].join(', ');
}

function valueList(load: Load, run: RunContext): string {
  const values = load.input.columns.map(({ name }) => `h.${quoteIdent(name)}`);
  if (!load.hasLineage) return values.join(', ');
  const head = `'run', ${quoteLiteral(run.runId)}, 'pipeline', ${quoteLiteral(run.pipelineId)}`;
  return [...values, `jsonb_build_object(${head}, 'node', h._ms_source, 'key', h._ms_key)`].join(', ');
}
