// The nodes that look at all rows of their inputs but compute no new values: dedupe, union, sort.
import type { Column } from './catalogue.ts';
import { areGroupable } from './comparable.ts';
import {
  type Emitted,
  fail,
  findColumn,
  listNames,
  type NodeContext,
  onlyInput,
  passOrigins,
  type TypedExpression,
  typeExpression,
} from './node-context.ts';
import type { PlanNode } from './plan.ts';
import { quoteIdent } from './quote.ts';
import { expressionScope } from './run-scope.ts';
import { declared, hidden, inOrder, stageOf, stageStatement } from './select-list.ts';

type SortKey = { expression: string; direction: 'asc' | 'desc' };

/** Keeps one row of each key: the first by orderBy, then by row order. Nulls in a key are equal to each other. */
export async function emitDedupe(ctx: NodeContext<'dedupe'>): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const { key, orderBy } = ctx.node.config;
  const keys = key.flatMap((name, i) => findColumn(ctx, input.columns, name, `${ctx.pointer}/config/key/${i}`) ?? []);
  const isGroupable = await areGroupable(ctx, keys, `${ctx.pointer}/config/key`);
  const sorted = await typeSortKeys(ctx, orderBy, `${ctx.pointer}/config/orderBy`, input.columns);
  if (keys.length < key.length || !isGroupable || !sorted) return null;
  const rank = `row_number() OVER (PARTITION BY ${declared(keys)} ORDER BY ${[...orderTerms(orderBy), 'h.ctid'].join(', ')})`;
  return {
    columns: input.columns,
    origins: passOrigins(input),
    statements: (run) => {
      const inner = `SELECT ${declared(input.columns)}, ${hidden()}, h.ctid AS _ms_tid, ${rank} AS _ms_rank\nFROM ${stageOf(input)} AS h${expressionScope(sorted, ctx.parameters, run)}`;
      const query = `SELECT ${declared(input.columns)}, ${hidden()}\nFROM (\n${inner}\n) AS h\nWHERE h._ms_rank = 1${inOrder(ctx.isOrdered, 'h._ms_tid')}`;
      return [stageStatement(ctx.node.id, query)];
    },
  };
}

/** Orders rows, nulls last in both directions, ties in row order; with a limit it keeps only the first ones. */
export async function emitSort(ctx: NodeContext<'sort'>): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const { by, limit } = ctx.node.config;
  const sorted = await typeSortKeys(ctx, by, `${ctx.pointer}/config/by`, input.columns);
  if (!sorted) return null;
  const order = [...orderTerms(by), 'h.ctid'].join(', ');
  return {
    columns: input.columns,
    origins: passOrigins(input),
    statements: (run) => {
      const scope = expressionScope(sorted, ctx.parameters, run);
      const query = `SELECT ${declared(input.columns)}, ${hidden()}\nFROM ${stageOf(input)} AS h${scope}\nORDER BY ${order}${limit === undefined ? '' : `\nLIMIT ${limit}`}`;
      return [stageStatement(ctx.node.id, query)];
    },
  };
}

/** All rows of all inputs, matched by column name; with `distinct` the first of equal rows. */
export async function emitUnion(ctx: NodeContext<'union'>): Promise<Emitted | null> {
  const columns = await unionColumns(ctx);
  if (!columns) return null;
  const isDistinct = ctx.node.config.distinct;
  if (isDistinct && !(await areGroupable(ctx, columns, `${ctx.pointer}/config/distinct`))) return null;
  const parts = ctx.inputs.map((input, i) => {
    const list = columns.map(({ name, type }) => `h.${quoteIdent(name)}::${type} AS ${quoteIdent(name)}`).join(', ');
    return `SELECT ${list}, ${hidden()}, ${i} AS _ms_part, h.ctid AS _ms_tid\nFROM ${stageOf(input)} AS h`;
  });
  const all = parts.join('\nUNION ALL\n');
  const rank = `row_number() OVER (PARTITION BY ${declared(columns, 'u')} ORDER BY u._ms_part, u._ms_tid)`;
  const ranked = isDistinct ? `SELECT u.*, ${rank} AS _ms_rank\nFROM (\n${all}\n) AS u` : all;
  const where = isDistinct ? '\nWHERE h._ms_rank = 1' : '';
  const query = `SELECT ${declared(columns)}, ${hidden()}\nFROM (\n${ranked}\n) AS h${where}${inOrder(ctx.isOrdered, 'h._ms_part, h._ms_tid')}`;
  const origins: PlanNode['origins'] = new Map(
    columns.map(({ name }) => [name, ctx.inputs.map((input) => ({ node: input.id, column: name }))]),
  );
  return { columns, origins, statements: () => [stageStatement(ctx.node.id, query)] };
}

async function unionColumns(ctx: NodeContext<'union'>): Promise<Column[] | null> {
  const [first, ...others] = ctx.inputs;
  if (!first) throw new TypeError(`the union "${ctx.node.id}" was compiled without inputs`);
  let isGood = true;
  for (const [i, other] of others.entries()) {
    const missing = first.columns.filter((column) => !other.columns.some(({ name }) => name === column.name));
    const extra = other.columns.filter((column) => !first.columns.some(({ name }) => name === column.name));
    if (missing.length + extra.length === 0) continue;
    const message = `"${other.id}" must have the columns of "${first.id}" (missing: ${listNames(missing) || 'none'}; extra: ${listNames(extra) || 'none'})`;
    fail(ctx, `${ctx.pointer}/inputs/${i + 1}`, 'columns_differ', message);
    isGood = false;
  }
  if (!isGood) return null;
  const typed = await Promise.all(first.columns.map((column) => commonType(ctx, column.name)));
  const found = typed.filter((column) => column !== null);
  return found.length === typed.length ? found : null;
}

async function commonType(ctx: NodeContext<'union'>, name: string): Promise<Column | null> {
  const types = ctx.inputs.flatMap((input) =>
    input.columns.filter((column) => column.name === name).map(({ type }) => type),
  );
  const [only] = types;
  if (only !== undefined && types.every((type) => type === only)) return { name, type: only };
  const described = await ctx.describe(types.map((type) => `SELECT NULL::${type} AS c`).join(' UNION ALL '));
  if (described.ok) return { name, type: described.columns[0]?.type ?? 'text' };
  return fail(
    ctx,
    `${ctx.pointer}/inputs`,
    'types_differ',
    `the column "${name}" is ${types.join(' and ')}; cast it in a select node`,
  );
}

async function typeSortKeys(
  ctx: NodeContext<'dedupe'> | NodeContext<'sort'>,
  keys: readonly SortKey[],
  pointer: string,
  columns: readonly Column[],
): Promise<TypedExpression[] | null> {
  const typed = await Promise.all(
    keys.map(async ({ expression }, i) => {
      const what = { text: expression, as: `s${i}`, pointer: `${pointer}/${i}/expression`, columns };
      const found = await typeExpression(ctx, what);
      const isSortable = found && (await areGroupable(ctx, [{ name: found.as, type: found.type }], what.pointer));
      return isSortable ? found : null;
    }),
  );
  const found = typed.filter((one) => one !== null);
  return found.length === typed.length ? found : null;
}

function orderTerms(keys: readonly SortKey[]): string[] {
  return keys.map(({ direction }, i) => `e.${quoteIdent(`s${i}`)} ${direction === 'desc' ? 'DESC' : 'ASC'} NULLS LAST`);
}
