import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { AlertChannel, ReportCarried, ReportTemplate } from '#db/schema/index.ts';
import { listJobTenants } from '#server/jobs/index.ts';
import { type Clock, databaseClock, type Logger, logError, query, type Tx, transaction } from '#server/lib/index.ts';
import { makeReport } from './make-report.ts';
import { lastInstant, nextInstant } from './period.ts';
import { stoppableTransaction } from './stoppable.ts';

export type MadeReports = { made: number; failed: number };
export type ReportDependencies = {
  pool: Pool;
  log: Logger;
  signal?: AbortSignal;
  /** Called before each report, which may take a minute: whoever watches can tell it from one that hangs. */
  onProgress?: () => void;
  /** No report is begun later than this in a pass; what is left is due in the next one. Absent: all are made. */
  beginWithinMs?: number;
  /** Tests end the process there: `reports.made` before the commit, `reports.kept` after it. */
  failPoint?: (name: string) => void;
  /** For tests. */
  clock?: Clock;
};
type Pass = ReportDependencies & { total: MadeReports; isOver: () => boolean };

/** Of a tenant in one pass; what is left is due in the next one. */
const MOST_PER_TENANT = 20;
const STATEMENT_TIMEOUT_MS = 60_000;
/** One that fails must not cost every pass a minute. */
const RETRY_MINUTES = 10;

type Due = {
  id: string;
  name: string;
  template: ReportTemplate;
  cron: string;
  timezone: string;
  channels: AlertChannel[];
  coveredTo: string;
  carried: ReportCarried | null;
};

/**
 * Makes every report that is due, of every active tenant. Report, deliveries and the schedule's next instant commit
 * together, so that whoever dies or comes twice makes it once. After an outage one report covers all that was missed.
 * One that cannot be made says so on its schedule and is tried again in ten minutes; the others are made.
 */
export async function makeDueReports(deps: ReportDependencies): Promise<MadeReports> {
  const total: MadeReports = { made: 0, failed: 0 };
  const startedMs = performance.now();
  const isOver = () => performance.now() - startedMs >= (deps.beginWithinMs ?? Number.POSITIVE_INFINITY);
  for (const { id: tenantId, isActive } of await listJobTenants(deps.pool)) {
    if (isOver()) break;
    if (!isActive) continue;
    deps.signal?.throwIfAborted();
    try {
      await makeDueOfTenant({ ...deps, total, isOver }, tenantId);
    } catch (error) {
      if (deps.signal?.aborted) throw error;
      total.failed += 1;
      logError(deps.log, error, 'the due reports of a tenant could not be read', { tenantId });
    }
  }
  return total;
}

async function makeDueOfTenant({ total, isOver, ...deps }: Pass, tenantId: string): Promise<void> {
  const clock = deps.clock ?? databaseClock;
  const due = await transaction(deps.pool, { tenantId }, async (tx) =>
    query<{ id: string }>(
      tx,
      sql`select id from report_schedules where tenant_id = ${tenantId} and enabled
          and next_at <= ${(await clock.now(tx)).toISOString()}::timestamptz
        order by next_at limit ${MOST_PER_TENANT}`,
    ),
  );
  for (const { id } of due) {
    if (isOver()) return;
    deps.signal?.throwIfAborted();
    deps.onProgress?.();
    try {
      const limits = { tenantId, statementTimeoutMs: STATEMENT_TIMEOUT_MS, signal: deps.signal };
      const isMade = await stoppableTransaction(deps.pool, limits, async (tx) => {
        const isMaking = await makeDue(tx, { tenantId, id, clock });
        if (isMaking) deps.failPoint?.('reports.made');
        return isMaking;
      });
      if (!isMade) continue;
      deps.failPoint?.('reports.kept');
      total.made += 1;
    } catch (error) {
      // The process ends, and the transaction was undone with that: the report is as due as it was.
      if (deps.signal?.aborted) throw error;
      total.failed += 1;
      const errorId = logError(deps.log, error, 'a report could not be made', { tenantId, scheduleId: id });
      const problem = `the report could not be made and is tried again; the log tells why under ${errorId}`;
      await transaction(deps.pool, { tenantId }, async (tx) => {
        const now = sql`${(await clock.now(tx)).toISOString()}::timestamptz`;
        // Not of one that is due no more: its commit came through, and only the answer was lost; or another has made it.
        await tx.execute(sql`update report_schedules set last_error = ${problem},
            next_at = ${now} + make_interval(mins => ${RETRY_MINUTES})
          where tenant_id = ${tenantId} and id = ${id} and next_at <= ${now}`);
      });
    }
  }
}

/** False: somebody else is making it or has made it. */
async function makeDue(
  tx: Tx,
  { tenantId, id, clock }: { tenantId: string; id: string; clock: Clock },
): Promise<boolean> {
  const now = await clock.now(tx);
  const [due] = await query<Due>(
    tx,
    sql`select id, name, template, cron, timezone, channels, covered_to as "coveredTo", carried
      from report_schedules where tenant_id = ${tenantId} and id = ${id} and enabled
        and next_at <= ${now.toISOString()}::timestamptz
      for update skip locked`,
  );
  if (!due) return false;
  const dueAt = lastInstant(due, now);
  const coveredTo = new Date(due.coveredTo);
  const next = nextInstant(due, now)?.toISOString() ?? null;
  // Not when the zone's rules have changed since and the instant that was stored is none any more.
  if (dueAt <= coveredTo) {
    await tx.execute(sql`update report_schedules set next_at = ${next}::timestamptz, last_error = null
      where tenant_id = ${tenantId} and id = ${id}`);
    return false;
  }
  const { id: scheduleId, name: scheduleName, template, timezone, channels } = due;
  const from = coveredTo.toISOString();
  const { carried } = await makeReport(tx, tenantId, {
    ...{ scheduleId, scheduleName, template, timezone, channels },
    period: { from, to: dueAt.toISOString() },
    // One that was off since begins anew, where nothing was left for it.
    carried: due.carried?.to === from ? due.carried : null,
    ...{ dueAt: dueAt.toISOString(), madeBy: 'schedule' },
  });
  await tx.execute(sql`update report_schedules set next_at = ${next}::timestamptz,
      covered_to = ${dueAt.toISOString()}::timestamptz, last_error = null,
      carried = ${carried === null ? null : JSON.stringify(carried)}::jsonb
    where tenant_id = ${tenantId} and id = ${id}`);
  return true;
}
