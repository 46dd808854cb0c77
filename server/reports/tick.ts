import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { type Channels, type Delivered, deliverAlerts, type Evaluated, evaluateAlerts } from '#server/alerts/index.ts';
import { type Logger, query, transaction } from '#server/lib/index.ts';
import { type MadeReports, makeDueReports, type ReportDependencies } from './make-due.ts';

export type AlertDependencies = {
  pool: Pool;
  log: Logger;
  channels: Channels;
  signal?: AbortSignal;
  /** Called after each step of a pass: whoever watches can tell a long one from one that hangs. */
  onProgress?: () => void;
  /** For tests that end the process at a point. */
  failPoint?: (name: string) => void;
};
export type AlertTick = { evaluated: Evaluated; delivered: Delivered };

/** How often the workers' loops evaluate rules, and look for due reports. */
const INTERVAL_SECONDS = 60;
/** Whoever calls from outside waits for the answer, and may call again only after it. */
const BEGIN_REPORTS_WITHIN_MS = 20_000;

/** Evaluates every alert rule and sends what is to be sent. */
export async function tickAlerts(deps: AlertDependencies): Promise<AlertTick> {
  const evaluated = await evaluateAlerts(deps);
  deps.onProgress?.();
  const delivered = await deliverAlerts(deps);
  await transaction(deps.pool, {}, (tx) => tx.execute(sql`update alert_loop set turned_at = now()`));
  return { evaluated, delivered };
}

/**
 * The turn of the workers' loop: of all workers the first evaluates and the others find nothing due, while deliveries
 * that wait, a report's too, are sent by whoever comes. One that dies has the next minute evaluated by another.
 */
export async function tickAlertsWhenDue(deps: AlertDependencies): Promise<AlertTick | { delivered: Delivered }> {
  return (await takeTurn(deps.pool, sql`next_at`)) ? tickAlerts(deps) : { delivered: await deliverAlerts(deps) };
}

/**
 * The turn of the loop of reports, which is not that of the alerts: however long a report takes, rules are evaluated.
 * A pass that outlasts its minute is joined by another worker, and each makes what the other is not at. Null: not due.
 */
export async function makeReportsWhenDue(deps: ReportDependencies): Promise<MadeReports | null> {
  return (await takeTurn(deps.pool, sql`reports_next_at`)) ? makeDueReports(deps) : null;
}

/** True for one caller of all, once an interval. */
async function takeTurn(pool: Pool, nextAt: SQL): Promise<boolean> {
  const taken = await transaction(pool, {}, (tx) =>
    query(
      tx,
      sql`update alert_loop set ${nextAt} = now() + make_interval(secs => ${INTERVAL_SECONDS})
        where ${nextAt} <= now() returning 1`,
    ),
  );
  return taken.length > 0;
}

/** What the legacy route does at once: alerts, then the reports that are due, then what these left to be sent. */
export async function tickAlertsAndReports(deps: AlertDependencies): Promise<AlertTick & { reports: MadeReports }> {
  const { evaluated, delivered } = await tickAlerts(deps);
  const reports = await makeDueReports({ ...deps, beginWithinMs: BEGIN_REPORTS_WITHIN_MS });
  const rest = await deliverAlerts(deps);
  const sum = (of: keyof Delivered) => delivered[of] + rest[of];
  return { evaluated, reports, delivered: { sent: sum('sent'), retried: sum('retried'), failed: sum('failed') } };
}
