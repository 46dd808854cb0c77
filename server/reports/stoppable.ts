import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { queryOne, type TransactionOptions, type Tx, transaction } from '#server/lib/index.ts';

/** A cancel that comes between two statements hits neither, so it is sent until the transaction ends. */
const REPEAT_MS = 100;

/**
 * A transaction whose statement is cancelled, and all of it undone, soon after `signal`. Without that a process that ends
 * leaves its statement to the server, which goes on with it, and with its locks, to the statement's time limit.
 */
export function stoppableTransaction<T>(
  pool: Pool,
  { signal, ...options }: TransactionOptions & { signal: AbortSignal | undefined },
  fn: (tx: Tx) => Promise<T>,
): Promise<T> {
  if (!signal) return transaction(pool, options, fn);
  return transaction(pool, options, async (tx) => {
    const { pid } = await queryOne<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`);
    let hasEnded = false;
    let cancelling: Promise<void> = Promise.resolve();
    const cancel = async () => {
      while (!hasEnded) {
        // Whether it could be sent or not: the transaction is waited for no longer than a moment (turn-loop.ts).
        await transaction(pool, { statementTimeoutMs: 5_000 }, (other) =>
          other.execute(sql`select pg_cancel_backend(${pid}::int)`),
        ).catch(() => {});
        await sleep(REPEAT_MS);
      }
    };
    const onStop = () => {
      cancelling = cancel();
    };
    signal.addEventListener('abort', onStop, { once: true });
    try {
      signal.throwIfAborted();
      return await fn(tx);
    } finally {
      hasEnded = true;
      signal.removeEventListener('abort', onStop);
      // The last cancel must have landed before this connection does anything else.
      await cancelling;
    }
  });
}
