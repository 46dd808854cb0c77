// Sends what evaluations wrote down, outside any transaction. At least once: a sender that dies between the
// receiver's answer and its own mark leaves the delivery to the next one, after CLAIM_SECONDS. Every copy carries the
// delivery's id, by which a receiver tells a copy from news.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import type { AlertChannel } from '#db/schema/index.ts';
import { listJobTenants } from '#server/jobs/index.ts';
import { backoffMs, type Logger, logError, query, scrub, transaction } from '#server/lib/index.ts';
import type { Channels, Notification } from './channels.ts';

type AlertNotification = Extract<Notification, { kind: 'firing' | 'resolved' | 'test' }>;
type ReportNotification = Extract<Notification, { kind: 'report' }>;

/** Longer than any channel's deadline. */
const CLAIM_SECONDS = 60;
const BATCH = 50;
const MAX_ATTEMPTS = 8;
const BACKOFF = { initialSeconds: 15, factor: 2, maxSeconds: 900 };

export type Delivered = { sent: number; retried: number; failed: number };
type Claimed = {
  id: string;
  channel: AlertChannel;
  attempts: number;
  /** What it carries: what a rule said, or a report. */
  alert: Omit<AlertNotification, 'id' | 'tenant'> | null;
  report: Omit<ReportNotification, 'id' | 'tenant' | 'kind'> | null;
};

/** Sends each due delivery of every tenant once; what fails is tried again later, MAX_ATTEMPTS times in all. */
export async function deliverAlerts(deps: {
  pool: Pool;
  log: Logger;
  channels: Channels;
  signal?: AbortSignal;
}): Promise<Delivered> {
  const total: Delivered = { sent: 0, retried: 0, failed: 0 };
  for (const tenant of await listJobTenants(deps.pool)) {
    deps.signal?.throwIfAborted();
    const claimed = await transaction(deps.pool, { tenantId: tenant.id }, (tx) =>
      query<Claimed>(
        tx,
        sql`with due as (
            select d.id from alert_deliveries d
            where d.tenant_id = ${tenant.id} and d.status = 'pending' and d.next_attempt_at <= now()
            order by d.next_attempt_at limit ${BATCH} for update skip locked
          ), claimed as (
            update alert_deliveries d set attempts = d.attempts + 1,
              next_attempt_at = now() + make_interval(secs => ${CLAIM_SECONDS})
            from due where d.tenant_id = ${tenant.id} and d.id = due.id
            returning d.id, d.channel, d.attempts, d.event_id, d.report_id
          )
          select c.id, c.channel, c.attempts,
            case when e.id is not null then jsonb_build_object('eventId', e.id, 'kind', e.kind, 'ruleId', e.rule_id,
              'ruleName', e.rule_name, 'metric', e.metric, 'value', e.value, 'operator', e.operator,
              'threshold', e.threshold, 'at', e.at) end as alert,
            case when r.id is not null then jsonb_build_object('reportId', r.id, 'scheduleId', r.schedule_id,
              'title', r.title, 'template', r.template, 'from', r.period_from, 'to', r.period_to,
              'timezone', r.timezone, 'figures', r.figures, 'html', r.html, 'csv', r.csv, 'at', r.made_at) end as report
          from claimed c
          left join alert_events e on e.tenant_id = ${tenant.id} and e.id = c.event_id
          left join reports r on r.tenant_id = ${tenant.id} and r.id = c.report_id`,
      ),
    );
    // One channel that hangs until its deadline keeps no other waiting.
    const outcomes = await Promise.all(claimed.map((one) => deliverOne(deps, tenant, one)));
    for (const outcome of outcomes) total[outcome] += 1;
  }
  return total;
}

async function deliverOne(
  deps: { pool: Pool; log: Logger; channels: Channels },
  tenant: { id: string; slug: string },
  one: Claimed,
): Promise<keyof Delivered> {
  const { id, channel, attempts } = one;
  const tenantId = tenant.id;
  let problem: string | null = null;
  try {
    await deps.channels.send(channel, notificationOf(one, tenant.slug));
  } catch (error) {
    // What the other side answered may repeat what it was told, its password too.
    problem = scrub(error instanceof Error ? error.message : String(error)).slice(0, 500);
    logError(deps.log, error, 'a notification could not be delivered', {
      tenantId,
      deliveryId: id,
      channel: channel.kind,
    });
  }
  const outcome = problem === null ? 'sent' : attempts >= MAX_ATTEMPTS ? 'failed' : 'retried';
  const status = outcome === 'retried' ? 'pending' : outcome;
  const waitSeconds = backoffMs(BACKOFF, attempts) / 1_000;
  await transaction(deps.pool, { tenantId }, (tx) =>
    tx.execute(sql`update alert_deliveries set status = ${status}, last_error = ${problem},
        sent_at = case when ${status} = 'sent' then now() end,
        next_attempt_at = now() + make_interval(secs => ${waitSeconds})
      where tenant_id = ${tenantId} and id = ${id} and status = 'pending'`),
  );
  return outcome;
}

const iso = (text: string) => new Date(text).toISOString();

function notificationOf({ id, alert, report }: Claimed, tenant: string): Notification {
  if (alert) return { ...alert, id, tenant, at: iso(alert.at) };
  // A delivery carries the one or the other: the table holds to it.
  const { from, to, at, ...rest } = report!;
  return { ...rest, kind: 'report', id, tenant, from: iso(from), to: iso(to), at: iso(at) };
}
