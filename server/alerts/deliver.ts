// Sends what evaluations wrote down, outside any transaction. At least once: a sender that dies between the
// receiver's answer and its own mark leaves the delivery to the next one, after CLAIM_SECONDS. Every copy carries the
// delivery's id, by which a receiver tells a copy from news.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import type { AlertChannel } from '#db/schema/index.ts';
import { listJobTenants } from '#server/jobs/index.ts';
import { backoffMs, type Logger, logError, query, transaction } from '#server/lib/index.ts';
import type { Channels, Notification } from './channels.ts';

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
  eventId: string;
  kind: Notification['kind'];
  ruleId: string;
  ruleName: string;
  metric: string;
  value: number | null;
  operator: string;
  threshold: number;
  at: string;
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
            returning d.id, d.channel, d.attempts, d.event_id
          )
          select c.id, c.channel, c.attempts, e.id as "eventId", e.kind, e.rule_id as "ruleId",
            e.rule_name as "ruleName", e.metric, e.value, e.operator, e.threshold, e.at
          from claimed c join alert_events e on e.tenant_id = ${tenant.id} and e.id = c.event_id`,
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
  const { id, channel, attempts, at, ...event } = one;
  const tenantId = tenant.id;
  let problem: string | null = null;
  try {
    await deps.channels.send(channel, { ...event, id, at: new Date(at).toISOString(), tenant: tenant.slug });
  } catch (error) {
    problem = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    logError(deps.log, error, 'an alert could not be delivered', { tenantId, deliveryId: id, channel: channel.kind });
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
