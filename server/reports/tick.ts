import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { type Channels, type Delivered, deliverAlerts, type Evaluated, evaluateAlerts } from '#server/alerts/index.ts';
import { type Logger, query, transaction } from '#server/lib/index.ts';
import { type MadeReports, makeDueReports } from './make-due.ts';

export type AlertDependencies = {
  pool: Pool;
  log: Logger;
  channels: Channels;
  signal?: AbortSignal;
  /** Called after each step of a pass, which may be long: whoever watches can tell it from one that hangs. */
  onProgress?: () => void;
  /** For tests that end the process at a point. */
  failPoint?: (name: string) => void;
};
export type AlertTick = { evaluated: Evaluated; reports: MadeReports; delivered: Delivered };

/** How often the workers' loop evaluates. */
export const ALERT_INTERVAL_SECONDS = 60;

/**
 * Evaluates every alert rule, makes every report that is due, and sends what is to be sent: the workers' loop and the
 * legacy route both come here.
 */
export async function tickAlerts(deps: AlertDependencies): Promise<AlertTick> {
  const evaluated = await evaluateAlerts(deps);
  deps.onProgress?.();
  // Before the reports: an alert does not wait for what may take a minute.
  const alerts = await deliverAlerts(deps);
  await transaction(deps.pool, {}, (tx) => tx.execute(sql`update alert_loop set turned_at = now()`));
  deps.onProgress?.();
  const reports = await makeDueReports(deps);
  const rest = await deliverAlerts(deps);
  const delivered = {
    sent: alerts.sent + rest.sent,
    retried: alerts.retried + rest.retried,
    failed: alerts.failed + rest.failed,
  };
  return { evaluated, reports, delivered };
}

/**
 * The loop's turn: of all workers the first evaluates and the others find nothing due, while deliveries that wait for
 * another try are sent by whoever comes. One that dies has the next minute evaluated by another.
 */
export async function tickAlertsWhenDue(deps: AlertDependencies): Promise<AlertTick | { delivered: Delivered }> {
  const due = await transaction(deps.pool, {}, (tx) =>
    query(
      tx,
      sql`update alert_loop set next_at = now() + make_interval(secs => ${ALERT_INTERVAL_SECONDS})
        where next_at <= now() returning 1`,
    ),
  );
  return due.length > 0 ? tickAlerts(deps) : { delivered: await deliverAlerts(deps) };
}
