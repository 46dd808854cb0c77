// Statements as the tenant's role that end when the signal says so, and rows in batches through a cursor.
import type postgres from 'postgres';
import { STATEMENT_TIMEOUT_MS } from './limits.ts';

const BATCH_ROWS = 5_000;

export type Reader = {
  ask<T extends Record<string, unknown>>(sql: string): Promise<T[]>;
  /** Each row's columns in order, as the driver reads them; `visit` must not keep the row. */
  each(sql: string, visit: (row: readonly unknown[]) => void): Promise<void>;
};

/** @throws the signal's reason from any of its calls once it is aborted */
export function openReader(connection: postgres.TransactionSql, signal: AbortSignal): Reader {
  async function run<T>(pending: postgres.PendingQuery<postgres.Row[]>, read: Promise<T>): Promise<T> {
    const cancel = () => pending.cancel();
    signal.throwIfAborted();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await read;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
  const ask = <T extends Record<string, unknown>>(sql: string) => {
    const pending = connection.unsafe<postgres.Row[]>(sql);
    return run(pending, pending as unknown as Promise<T[]>);
  };
  return {
    ask,
    async each(sql, visit) {
      await ask(`DECLARE model_rows NO SCROLL CURSOR FOR ${sql}`);
      for (;;) {
        const pending = connection.unsafe<postgres.Row[]>(`FETCH ${BATCH_ROWS} FROM model_rows`);
        const rows = await run(pending, pending.values() as unknown as Promise<unknown[][]>);
        for (const row of rows) visit(row);
        if (rows.length < BATCH_ROWS) break;
      }
      await ask('CLOSE model_rows');
    },
  };
}

export const READ_TIMEOUT_MS = STATEMENT_TIMEOUT_MS;
