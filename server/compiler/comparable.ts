import type { Column } from './catalogue.ts';
import { type AnyContext, fail } from './node-context.ts';
import { quoteIdent } from './quote.ts';
import { typedNothing } from './run-scope.ts';

/** Whether rows can be told apart by these columns: json and xml, for example, have no equality. */
export async function areGroupable(ctx: AnyContext, columns: readonly Column[], pointer: string): Promise<boolean> {
  const list = columns.map((column) => `h.${quoteIdent(column.name)}`).join(', ');
  if (list === '') return true;
  const described = await ctx.describe(`SELECT 1 FROM ${typedNothing(columns)} GROUP BY ${list}`);
  if (!described.ok) fail(ctx, pointer, 'not_comparable', described.message);
  return described.ok;
}

/** Whether `left = right` exists for each pair of columns; errors go to `pointer/<index>`. */
export async function areJoinable(
  ctx: AnyContext,
  pairs: readonly { left: Column; right: Column }[],
  pointer: string,
): Promise<boolean> {
  const answers = await Promise.all(
    pairs.map(async ({ left, right }, i) => {
      const described = await ctx.describe(`SELECT NULL::${left.type} = NULL::${right.type}`);
      if (described.ok) return true;
      const message = `"${left.name}" (${left.type}) cannot be compared with "${right.name}" (${right.type}); cast one of them in a select node`;
      fail(ctx, `${pointer}/${i}`, 'not_comparable', message);
      return false;
    }),
  );
  return answers.every(Boolean);
}
