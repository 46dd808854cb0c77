import { sql } from '#db/drizzle.ts';
import type { Tx } from './transaction.ts';
import { queryOne } from './transaction.ts';

/** Time that decides (what is due, a lease, a cursor) is the database's; tests inject their own. */
export type Clock = { now(tx: Tx): Promise<Date> };

export const databaseClock: Clock = {
  async now(tx) {
    const row = await queryOne<{ now: string }>(tx, sql`select date_trunc('milliseconds', clock_timestamp()) as now`);
    return new Date(row.now);
  },
};
