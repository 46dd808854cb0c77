import type { NodeOf } from '#server/ir/index.ts';
import { allCastable, castMessage, castValue, type GuardedCast } from './cast-guard.ts';
import { type Column, formattedType } from './catalogue.ts';
import { type Emitted, fail, findColumn, findTable, type NodeContext, warn } from './node-context.ts';
import type { FileSource, PlanNode, RunContext, Statement } from './plan.ts';
import { quoteIdent, quoteLiteral, quoteQualified } from './quote.ts';
import { inOrder, keyObject, newHidden, payloadOf, rejectStatement, stageStatement } from './select-list.ts';

type Config = NodeOf<'source'>['config'];

/** A source table or file becomes the first staged table, with each row's key. */
export function emitSource(ctx: NodeContext<'source'>): Emitted | null {
  const { config } = ctx.node;
  if (config.type === 'table') return emitTable(ctx, config);
  if (config.type === 'file') return emitFile(ctx, config);
  return fail(
    ctx,
    `${ctx.pointer}/config/type`,
    'not_supported_yet',
    `sources of type ${config.type} cannot be run yet`,
  );
}

function emitTable(ctx: NodeContext<'source'>, config: Extract<Config, { type: 'table' }>): Emitted | null {
  const { node, pointer, catalogue } = ctx;
  const table = findTable(ctx, config.table, `${pointer}/config/table`);
  if (!table) return null;
  const wanted = config.columns ?? table.columns.map((column) => column.name);
  const columns = wanted.map((name, i) => findColumn(ctx, table.columns, name, `${pointer}/config/columns/${i}`));
  const configured = (config.key ?? []).map((name, i) =>
    findColumn(ctx, table.columns, name, `${pointer}/config/key/${i}`),
  );
  const reserved = columns.filter((column) => column?.name.startsWith('_ms_'));
  for (const column of reserved) {
    fail(
      ctx,
      `${pointer}/config/table`,
      'reserved_name',
      `the column "${column?.name}" has a reserved name; list the other columns under columns`,
    );
  }
  if (columns.includes(null) || configured.includes(null) || reserved.length > 0) return null;
  const key = table.primaryKey.length > 0 ? table.primaryKey : (config.key ?? []);
  if (key.length === 0) {
    warn(
      ctx,
      `${pointer}/config`,
      'not_replayable',
      `"${config.table}" has no primary key and no key is configured, so its rejected rows cannot be replayed`,
    );
  }
  const found = columns.filter((column) => column !== null).map(({ name, type }) => ({ name, type }));
  const list = found.map((column) => `t.${quoteIdent(column.name)}`).join(', ');
  const keySql = key.length > 0 ? keyObject(key, 't') : 'NULL::jsonb';
  const order = key.map((name) => `t.${quoteIdent(name)}`).join(', ');
  const query = `SELECT ${list},\n  ${newHidden(keySql, node.id, String(key.length > 0))}\nFROM ${quoteQualified(catalogue.schema, config.table)} AS t${inOrder(ctx.isOrdered && key.length > 0, order)}`;
  return {
    columns: found,
    origins: new Map(found.map((column) => [column.name, [{ table: config.table, column: column.name }]])),
    statements: () => [stageStatement(node.id, query)],
  };
}

function emitFile(ctx: NodeContext<'source'>, config: Extract<Config, { type: 'file' }>): Emitted | null {
  const { node } = ctx;
  if (config.format !== 'csv' && config.format !== 'ndjson') {
    return fail(ctx, `${ctx.pointer}/config/format`, 'not_supported_yet', `${config.format} files cannot be run yet`);
  }
  const casts: GuardedCast[] = config.columns.map((column, i) => ({
    name: column.name,
    sql: `r.c${i + 1}`,
    type: column.type,
  }));
  const columns: Column[] = config.columns.map(({ name, type }) => ({ name, type: formattedType(type) }));
  const fileSource: FileSource = {
    format: config.format,
    path: config.path,
    order: config.order,
    maxFiles: config.maxFiles,
    csv: config.csv,
    columns: config.columns.map((column, i) => ({
      raw: `c${i + 1}`,
      field: column.from ?? column.name,
      name: column.name,
      type: formattedType(column.type),
    })),
  };
  const origins: PlanNode['origins'] = new Map(
    fileSource.columns.map(({ name, field }) => [name, [{ table: config.path, column: field }]]),
  );
  return { columns, origins, fileSource, statements: (run) => fileStatements(node.id, casts, rawTable(run, node.id)) };
}

function rawTable(run: RunContext, nodeId: string): string {
  const raw = run.rawTables?.[nodeId];
  if (!raw) throw new TypeError(`the run has no raw table for the file source "${nodeId}"`);
  return quoteQualified(raw.schema, raw.table);
}

function fileStatements(nodeId: string, casts: GuardedCast[], table: string): Statement[] {
  const key = `jsonb_build_object('path', r.path, 'line', r.line)`;
  const good = allCastable(casts);
  const list = casts.map((cast) => `${castValue(cast)} AS ${quoteIdent(cast.name)}`).join(',\n  ');
  const where = good === null ? '' : `\nWHERE ${good}`;
  // The raw table is an ordinary one, whose scans may start in the middle: the order of loading is asked for by name.
  const stage = stageStatement(
    nodeId,
    `SELECT ${list},\n  ${newHidden(key, nodeId, 'true')}\nFROM ${table} AS r${where}${inOrder(true, 'r.ctid')}`,
  );
  if (good === null) return [stage];
  const reject = rejectStatement({
    nodeId,
    rule: `'cast'`,
    errorKind: 'cast',
    message: castMessage(casts),
    hidden: { source: quoteLiteral(nodeId), key, replayable: 'true' },
    payload: payloadOf(casts),
    from: `FROM ${table} AS r\nWHERE NOT (${good})`,
  });
  return [reject, stage];
}
