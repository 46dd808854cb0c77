// What a statement costs, told by the blocks that it touches: the same on a busy machine as on an idle one.
import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { PgDialect } from '#db/drizzle-columns.ts';
import { connectionOf, transaction } from '#server/lib/index.ts';

type Plan = { 'Node Type': string; 'Shared Hit Blocks': number; 'Shared Read Blocks': number; Plans?: Plan[] };

/** An update in a WITH that nothing reads from runs after the rest, and is not among its blocks. */
const blocksOf = (plan: Plan): number =>
  (plan.Plans ?? [])
    .filter((part) => part['Node Type'] === 'ModifyTable')
    .reduce((sum, part) => sum + blocksOf(part), plan['Shared Hit Blocks'] + plan['Shared Read Blocks']);

class UndoneError extends Error {}

/**
 * Asks for the blocks that a statement costs by the plan that a connection keeps for any values, or by that for its own, as a connection
 * plans it at first. What it did is undone.
 */
export const costIn =
  (pool: Pool) =>
  async (statement: SQL, plan: 'kept' | 'its own' = 'kept'): Promise<number> => {
    let blocks = Number.NaN;
    const looking = transaction(pool, { isHot: true }, async (tx) => {
      if (plan === 'its own') await tx.execute(sql`select set_config('plan_cache_mode', 'force_custom_plan', true)`);
      const { sql: text, params } = new PgDialect().sqlToQuery(statement);
      await connectionOf(tx).unsafe(`prepare looked_at as ${text}`);
      const [row] = await connectionOf(tx).unsafe<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>(
        `explain (analyze, buffers, format json) execute looked_at (${params.map(literal).join(', ')})`,
      );
      await tx.execute(sql`deallocate looked_at`);
      blocks = blocksOf(row!['QUERY PLAN'][0].Plan);
      throw new UndoneError();
    });
    await looking.catch((error: unknown) => {
      if (!(error instanceof UndoneError)) throw error;
    });
    return blocks;
  };
const literal = (value: unknown) => (value === null ? 'null' : `'${String(value)}'`);
