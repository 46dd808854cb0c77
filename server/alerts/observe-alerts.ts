import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { gauge, queryOne, transaction } from '#server/lib/index.ts';

const ASK_TIMEOUT_MS = 2_000;

/** Gauges in seconds, asked of the database at each scrape, so that they grow while every loop is dead. */
export function observeAlerts(pool: Pool): void {
  const asked = (column: 'turned' | 'due') =>
    transaction(pool, { statementTimeoutMs: ASK_TIMEOUT_MS }, (tx) =>
      queryOne<{ turned: number | null; due: number }>(
        tx,
        sql`select extract(epoch from now() - turned_at)::float8 as turned,
          coalesce(extract(epoch from now() - alert_oldest_due()), 0)::float8 as due from alert_loop`,
      ),
    ).then((row) => row[column]);
  const seconds = (name: string, help: string, column: 'turned' | 'due') => {
    const age = gauge(name, help, [], async () => {
      // No figure is honest; a stale one is not, and the other metrics must still be served.
      const value = await asked(column).catch(() => null);
      if (value === null) age.remove();
      else age.set(value);
    });
  };
  seconds('alerts_turn_age_seconds', 'Since when the alert rules of all tenants were last evaluated', 'turned');
  seconds('alerts_oldest_due_seconds', 'How long the oldest notification that is due has waited for a sender', 'due');
}
