// Makes the coming months' partitions: rows of a month without one land in the default partition and stay there.

import { openPool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { queryOne, transaction } from '#server/lib/index.ts';

const MONTHS_BACK = 1;
const MONTHS_AHEAD = 6;
/** A new partition locks its table: rather a failed try than a queue of writers behind a long reader. */
const LOCK_TIMEOUT = '2s';

/** How many were made. Partitions are the owner's to make, so this opens its connection for it. */
export async function makePartitions(ownerUrl: string): Promise<number> {
  const pool = openPool({ url: ownerUrl, max: 1, applicationName: 'mainspring partitions' });
  try {
    return await transaction(pool, {}, async (tx) => {
      await tx.execute(sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`);
      const { made } = await queryOne<{ made: number }>(
        tx,
        sql`select ms_ensure_partitions(${MONTHS_BACK}, ${MONTHS_AHEAD}) as made`,
      );
      return made;
    });
  } finally {
    await pool.end({ timeout: 5 });
  }
}
