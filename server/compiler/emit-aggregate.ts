import type { NodeOf } from '#server/ir/index.ts';
import type { Column } from './catalogue.ts';
import { areGroupable } from './comparable.ts';
import {
  type Emitted,
  fail,
  findColumn,
  type NodeContext,
  onlyInput,
  type TypedExpression,
  typeExpression,
} from './node-context.ts';
import type { PlanNode } from './plan.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';
import { expressionScope } from './run-scope.ts';
import { declared, inOrder, keyObject, newHidden, stageOf, stageStatement } from './select-list.ts';

type Aggregate = NodeOf<'aggregate'>['config']['aggregates'][number];
type TypedAggregate = { aggregate: Aggregate; column: Column; argument: TypedExpression | null };

/** Groups rows. Without groupBy there is exactly one row, of an empty input too. A group cannot be replayed. */
export async function emitAggregate(ctx: NodeContext<'aggregate'>): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const { groupBy, aggregates } = ctx.node.config;
  const at = `${ctx.pointer}/config`;
  const groups = groupBy.flatMap((name, i) => findColumn(ctx, input.columns, name, `${at}/groupBy/${i}`) ?? []);
  const isGroupable = await areGroupable(ctx, groups, `${at}/groupBy`);
  const typed = await Promise.all(
    aggregates.map((aggregate, i) => typeAggregate(ctx, aggregate, `${at}/aggregates/${i}`, input.columns)),
  );
  const found = typed.filter((one) => one !== null);
  if (groups.length < groupBy.length || !isGroupable || found.length < typed.length) return null;
  const grouped = declared(groups);
  const list = [
    ...groups.map((column) => `h.${quoteIdent(column.name)}`),
    ...found.map(
      ({ aggregate, argument }) => `${callOf(aggregate, argument, 'h.ctid')} AS ${quoteIdent(aggregate.name)}`,
    ),
  ].join(',\n  ');
  const origins: PlanNode['origins'] = new Map(groupBy.map((name) => [name, [{ node: input.id, column: name }]]));
  for (const { aggregate, argument } of found) {
    origins.set(
      aggregate.name,
      (argument?.columns ?? []).map((column) => ({ node: input.id, column })),
    );
  }
  return {
    columns: [...groups, ...found.map(({ column }) => column)],
    origins,
    statements: (run) => {
      const scope = expressionScope(
        found.flatMap(({ argument }) => argument ?? []),
        ctx.parameters,
        run,
      );
      const groupClause = groups.length > 0 ? `\nGROUP BY ${grouped}${inOrder(ctx.isOrdered, grouped)}` : '';
      const query = `SELECT ${list},\n  ${newHidden(keyObject(groupBy, 'h'), ctx.node.id, 'false')}\nFROM ${stageOf(input)} AS h${scope}${groupClause}`;
      return [stageStatement(ctx.node.id, query)];
    },
  };
}

async function typeAggregate(
  ctx: NodeContext<'aggregate'>,
  aggregate: Aggregate,
  pointer: string,
  columns: readonly Column[],
): Promise<TypedAggregate | null> {
  let argument: TypedExpression | null = null;
  if (aggregate.expression !== undefined) {
    const as = `a${pointer.slice(pointer.lastIndexOf('/') + 1)}`;
    argument = await typeExpression(ctx, { text: aggregate.expression, as, pointer: `${pointer}/expression`, columns });
    if (!argument) return null;
  }
  const from = argument ? ` FROM (SELECT NULL::${argument.type} AS ${quoteIdent(argument.as)}, 1 AS n) AS e` : '';
  const described = await ctx.describe(`SELECT ${callOf(aggregate, argument, argument ? 'e.n' : '')} AS c${from}`);
  if (!described.ok) return fail(ctx, `${pointer}/fn`, 'invalid_aggregate', described.message);
  return { aggregate, argument, column: { name: aggregate.name, type: described.columns[0]?.type ?? 'text' } };
}

/** Where the order of rows shows in the result it is the input's order. */
function callOf({ fn, separator }: Aggregate, argument: TypedExpression | null, order: string): string {
  if (!argument) return 'count(*)';
  const value = `e.${quoteIdent(argument.as)}`;
  if (fn === 'count_distinct') return `count(DISTINCT ${value})`;
  if (fn === 'string_agg') return `string_agg(${value}, ${quoteLiteral(separator ?? ',')} ORDER BY ${order})`;
  if (fn === 'array_agg') return `array_agg(${value} ORDER BY ${order})`;
  return `${fn}(${value})`;
}
