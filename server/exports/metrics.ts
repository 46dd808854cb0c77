import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { gauge, queryOne, transaction } from '#server/lib/index.ts';

/**
 * Has the age of the oldest row that no export has taken looked up whenever metrics are asked for: it grows also while
 * no job runs and for a tenant whose export fails, which is when somebody has to be told. No figure where nothing was
 * ever exported. Once a process.
 */
export function observeExports(pool: Pool): void {
  const behind = gauge(
    'export_behind_seconds',
    'Age of the oldest interaction or outcome of any active tenant that is not exported yet',
    [],
    async () => {
      try {
        const { seconds } = await transaction(pool, { statementTimeoutMs: 2_000 }, (tx) =>
          queryOne<{ seconds: number | null }>(tx, sql`select export_behind_seconds() as seconds`),
        );
        if (seconds === null) behind.remove();
        else behind.set(seconds);
      } catch {
        // No figure is honest; a stale one is not, and the other metrics must still be served.
        behind.remove();
      }
    },
  );
}
