import type { Column } from './catalogue.ts';
import { areJoinable } from './comparable.ts';
import {
  type Emitted,
  fail,
  findColumn,
  findTable,
  type NodeContext,
  onlyInput,
  passOrigins,
  warn,
} from './node-context.ts';
import type { PlanNode } from './plan.ts';
import { quoteIdent, quoteLiteral, quoteQualified } from './quote.ts';
import { declared, hidden, inOrder, newHidden, stageOf, stageStatement } from './select-list.ts';

type Taken = { name: string; as: string; type: string };

/** Joins two inputs by equality. The key of a joined row names both inputs and the key of the row of each. */
export async function emitJoin(ctx: NodeContext<'join'>): Promise<Emitted | null> {
  const [left, right] = ctx.inputs;
  if (!left || !right) throw new TypeError(`the join "${ctx.node.id}" was compiled without two inputs`);
  const { node, pointer } = ctx;
  const { config } = node;
  const pairs = await findPairs(ctx, left.columns, right.columns);
  const isOuterOnRight = config.type === 'right' || config.type === 'full';
  if (isOuterOnRight && config.right === undefined) {
    const message = `rows that exist only on the right lose their key in a ${config.type} join; list the key under right, with a name of its own`;
    warn(ctx, `${pointer}/config/type`, 'join_key_lost', message);
  }
  const keys = new Set(config.on.map((pair) => pair.right));
  const wanted = config.right ?? right.columns.filter((column) => !keys.has(column.name)).map(({ name }) => ({ name }));
  const taken = takeColumns(ctx, right.columns, wanted, left.columns, `${pointer}/config/right`);
  if (!pairs || !taken) return null;
  const on = pairs.map((pair) => `l.${quoteIdent(pair.left.name)} = r.${quoteIdent(pair.right.name)}`).join(' AND ');
  const key = `jsonb_build_object(${quoteLiteral(left.id)}, l._ms_key, ${quoteLiteral(right.id)}, r._ms_key)`;
  const replayable = 'coalesce(l._ms_replayable, true) AND coalesce(r._ms_replayable, true)';
  const query = `SELECT ${[declared(left.columns, 'l'), ...takenList(taken, 'r')].join(', ')},
  ${newHidden(key, node.id, replayable)}
FROM ${stageOf(left)} AS l
${config.type.toUpperCase()} JOIN ${stageOf(right)} AS r ON ${on}${inOrder(ctx.isOrdered, 'l.ctid, r.ctid')}`;
  const origins: PlanNode['origins'] = passOrigins(left);
  for (const { as, name } of taken) origins.set(as, [{ node: right.id, column: name }]);
  return {
    columns: [...left.columns, ...taken.map(({ as, type }) => ({ name: as, type }))],
    origins,
    statements: () => [stageStatement(node.id, query)],
  };
}

/** Adds columns of a catalogue table, found by a unique key, so that no row can be multiplied. */
export async function emitLookup(ctx: NodeContext<'lookup'>): Promise<Emitted | null> {
  const { node, pointer, catalogue } = ctx;
  const { config } = node;
  const input = onlyInput(ctx);
  const table = findTable(ctx, config.table, `${pointer}/config/table`);
  if (!table) return null;
  const pairs = await findPairs(ctx, input.columns, table.columns);
  const taken = takeColumns(ctx, table.columns, config.columns, input.columns, `${pointer}/config/columns`);
  const named = new Set(config.on.map((pair) => pair.right));
  const isUnique = [table.primaryKey, ...table.uniqueKeys].some(
    (key) => key.length > 0 && key.every((name) => named.has(name)),
  );
  if (!isUnique) {
    const message = `(${[...named].join(', ')}) does not contain a unique key of "${config.table}", so a row could match twice; use a join`;
    fail(ctx, `${pointer}/config/on`, 'lookup_not_unique', message);
  }
  if (!pairs || !taken || !isUnique) return null;
  const on = pairs.map((pair) => `h.${quoteIdent(pair.left.name)} = t.${quoteIdent(pair.right.name)}`).join(' AND ');
  const query = `SELECT ${[declared(input.columns), ...takenList(taken, 't')].join(', ')}, ${hidden()}
FROM ${stageOf(input)} AS h
LEFT JOIN ${quoteQualified(catalogue.schema, config.table)} AS t ON ${on}${inOrder(ctx.isOrdered)}`;
  const origins = passOrigins(input);
  for (const { as, name } of taken) origins.set(as, [{ table: config.table, column: name }]);
  return {
    columns: [...input.columns, ...taken.map(({ as, type }) => ({ name: as, type }))],
    origins,
    statements: () => [stageStatement(node.id, query)],
  };
}

async function findPairs(
  ctx: NodeContext<'join'> | NodeContext<'lookup'>,
  leftColumns: readonly Column[],
  rightColumns: readonly Column[],
): Promise<{ left: Column; right: Column }[] | null> {
  const pointer = `${ctx.pointer}/config/on`;
  const pairs = ctx.node.config.on.flatMap((pair, i) => {
    const left = findColumn(ctx, leftColumns, pair.left, `${pointer}/${i}/left`);
    const right = findColumn(ctx, rightColumns, pair.right, `${pointer}/${i}/right`);
    return left && right ? [{ left, right }] : [];
  });
  if (pairs.length < ctx.node.config.on.length) return null;
  return (await areJoinable(ctx, pairs, pointer)) ? pairs : null;
}

function takeColumns(
  ctx: NodeContext<'join'> | NodeContext<'lookup'>,
  from: readonly Column[],
  wanted: readonly { name: string; as?: string | undefined }[],
  present: readonly Column[],
  pointer: string,
): Taken[] | null {
  const names = new Set(present.map((column) => column.name));
  const taken = wanted.map(({ name, as = name }, i): Taken | null => {
    const column = findColumn(ctx, from, name, `${pointer}/${i}/name`);
    if (names.has(as)) {
      const message = `both sides have a column "${as}"; give the one that is added another name with "as"`;
      return fail(ctx, pointer, 'duplicate_column', message);
    }
    names.add(as);
    return column && { name, as, type: column.type };
  });
  const found = taken.filter((one) => one !== null);
  return found.length === taken.length ? found : null;
}

function takenList(taken: readonly Taken[], alias: string): string[] {
  return taken.map(({ name, as }) => `${alias}.${quoteIdent(name)} AS ${quoteIdent(as)}`);
}
