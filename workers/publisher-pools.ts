// The connections of a publisher. A pool with a connection that never answers would hand it out again, so whoever waited
// for one in vain leaves the pool; the others end what they do on it.
import type { Pool } from '#db/client.ts';
import { DeadlineError, LANES, PublishFailedError } from '#server/outbox/index.ts';

/** One for each lane, so that a claim of one does not wait for another's; one to keep the lanes and one to look for news. */
export const PUBLISHER_CONNECTIONS = LANES + 2;

type InUse = { pool: Pool; users: number };
export type Pools = ReturnType<typeof createPools>;

export function createPools(openPool: () => Pool) {
  const opened = (): InUse => ({ pool: openPool(), users: 0 });
  let current = opened();
  let hasEnded = false;

  function leave(mine: InUse): void {
    mine.users -= 1;
    if (mine.users === 0 && mine !== current) mine.pool.end({ timeout: 0 }).catch(() => {});
  }
  return {
    /**
     * Works on the pool of the moment. When the database did not answer in time, the next one gets a new pool, and the
     * old one is closed when nobody works on it any more.
     */
    async use<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
      const mine = current;
      mine.users += 1;
      try {
        return await work(mine.pool);
      } catch (error) {
        // Of several that waited in vain on one pool the first replaces it.
        if (mine === current && !hasEnded && isUnanswered(error)) current = opened();
        throw error;
      } finally {
        leave(mine);
      }
    },
    /** For what is left to do after the last `use`. */
    current: () => current.pool,
    async end(): Promise<void> {
      hasEnded = true;
      await current.pool.end({ timeout: 1 });
    },
  };
}

/** A deadline of the database's, not of the backend's; of a release that failed it is not known why. */
const isUnanswered = (error: unknown) =>
  error instanceof DeadlineError || (error instanceof PublishFailedError && !error.isReleased);
