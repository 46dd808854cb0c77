import type { Column } from './catalogue.ts';
import type { PlanNode, Statement } from './plan.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';
import { HIDDEN_COLUMNS, stageName } from './work-tables.ts';

/** `pg_temp."ms_n_x"`, where the input's rows are. */
export function stageOf(node: Pick<PlanNode, 'id'>): string {
  return `pg_temp.${quoteIdent(stageName(node.id))}`;
}

/** `h."a", h."b"` for the declared columns. */
export function declared(columns: readonly Column[], alias = 'h'): string {
  return columns.map((column) => `${alias}.${quoteIdent(column.name)}`).join(', ');
}

/** The hidden columns, passed on as they are. */
export function hidden(alias = 'h'): string {
  return HIDDEN_COLUMNS.map((name) => `${alias}.${name}`).join(', ');
}

/** Hidden columns that a node makes anew. */
export function newHidden(key: string, sourceNode: string, replayable: string): string {
  return `${key} AS _ms_key, ${quoteLiteral(sourceNode)}::text AS _ms_source, ${replayable} AS _ms_replayable`;
}

/** The statement that makes a node's temp table. */
export function stageStatement(nodeId: string, query: string): Statement {
  return { purpose: 'stage', sql: `CREATE TEMP TABLE ${quoteIdent(stageName(nodeId))} ON COMMIT DROP AS\n${query}` };
}

/** Physical order of the staged input, which is its row order, written only where a later node depends on it. */
export function inOrder(isOrdered: boolean, by = 'h.ctid'): string {
  return isOrdered ? `\nORDER BY ${by}` : '';
}

/** `jsonb_build_object('a', t."a", …)`; at most 32 columns, far from PostgreSQL's limit of 100 arguments. */
export function keyObject(names: readonly string[], alias: string): string {
  return `jsonb_build_object(${names.map((name) => `${quoteLiteral(name)}, ${alias}.${quoteIdent(name)}`).join(', ')})`;
}

/** A row as jsonb by column name, through a subselect because a call can have no more than 100 arguments. */
export function payloadOf(fields: readonly { name: string; sql: string }[]): string {
  const list = fields.map(({ name, sql }) => `${sql} AS ${quoteIdent(name)}`).join(', ');
  return `(SELECT to_jsonb(p) FROM (SELECT ${list}) AS p)`;
}

/** The statement that parks rows. `from` is everything from FROM on; the values are SQL. */
export function rejectStatement(values: {
  nodeId: string;
  rule: string;
  errorKind: string;
  message: string;
  hidden: { source: string; key: string; replayable: string };
  payload: string;
  from: string;
}): Statement {
  const { source, key, replayable } = values.hidden;
  const head =
    'INSERT INTO pg_temp.ms_rejects (node_id, rule, error_kind, message, source_node, row_key, replayable, payload)';
  const select = `SELECT ${quoteLiteral(values.nodeId)}, ${values.rule}, ${quoteLiteral(values.errorKind)},\n  ${values.message},\n  ${source}, ${key}, ${replayable},\n  ${values.payload}`;
  return { purpose: 'reject', sql: `${head}\n${select}\n${values.from}` };
}

/** The hidden columns of a staged row, for rejectStatement. */
export const STAGED_HIDDEN = { source: 'h._ms_source', key: 'h._ms_key', replayable: 'h._ms_replayable' };
