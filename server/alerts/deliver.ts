// Sends what evaluations wrote down, outside any transaction. At least once: a sender that dies between the
// receiver's answer and its own mark leaves the delivery to the next one, after CLAIM_SECONDS. Every copy carries the
// delivery's id, by which a receiver tells a copy from news, and there are MAX_ATTEMPTS of them at most.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { AlertChannel } from '#db/schema/index.ts';
import { readAddresses } from '#server/connections/index.ts';
import { listJobTenants } from '#server/jobs/index.ts';
import {
  backoffMs,
  type Logger,
  logError,
  messageOf,
  query,
  ServiceError,
  scrub,
  storableText,
  type Tx,
  transaction,
} from '#server/lib/index.ts';
import type { Channels, Notification, OpenChannel } from './channels.ts';
import { idsOf } from './stored-channels.ts';

type AlertNotification = Extract<Notification, { kind: 'firing' | 'resolved' | 'test' }>;
type ReportNotification = Extract<Notification, { kind: 'report' }>;

/** Twice as long as any channel's deadline (channels.ts), so that nobody sends beside a sender that lives. */
const CLAIM_SECONDS = 60;
/** Of a tenant in one turn. */
const BATCH = 50;
/** Tenants that are delivered for at once: a slow mailbox takes up its own tenant's place for a deadline, no other's. */
const TENANTS_AT_ONCE = 16;
const MAX_ATTEMPTS = 8;
const BACKOFF = { initialSeconds: 15, factor: 2, maxSeconds: 900 };
/** Until an address that this worker cannot open is tried again, by a worker that has its key by then. */
const UNOPENED_WAIT_SECONDS = 300;

export type Delivered = { sent: number; retried: number; failed: number };
type Claimed = {
  id: string;
  channel: AlertChannel;
  attempts: number;
  /** What it carries: what a rule said, or a report. */
  alert: Omit<AlertNotification, 'id' | 'tenant'> | null;
  report: Omit<ReportNotification, 'id' | 'tenant' | 'kind'> | null;
};

type Dependencies = {
  pool: Pool;
  log: Logger;
  channels: Channels;
  signal?: AbortSignal;
  /** Tests end the process there: `alerts.claimed`, `alerts.sent` before the mark, `alerts.marked`. */
  failPoint?: (name: string) => void;
};

/**
 * Sends each due delivery of every tenant once; what fails is tried again later, MAX_ATTEMPTS times in all. One whose
 * address cannot be opened for want of its key waits without end, as nobody was asked. A tenant whose deliveries cannot
 * be read or marked leaves the others delivered.
 */
export async function deliverAlerts(deps: Dependencies): Promise<Delivered> {
  const total: Delivered = { sent: 0, retried: 0, failed: 0 };
  const tenants = (await listJobTenants(deps.pool)).values();
  // Each takes the next tenant when it is done with one.
  const lane = async () => {
    for (const tenant of tenants) {
      deps.signal?.throwIfAborted();
      try {
        for (const outcome of await deliverTenant(deps, tenant)) total[outcome] += 1;
      } catch (error) {
        logError(deps.log, error, "a tenant's notifications could not be delivered", { tenantId: tenant.id });
      }
    }
  };
  await Promise.all(Array.from({ length: TENANTS_AT_ONCE }, lane));
  return total;
}

async function deliverTenant(deps: Dependencies, tenant: { id: string; slug: string }): Promise<(keyof Delivered)[]> {
  const { claimed, open } = await transaction(deps.pool, { tenantId: tenant.id }, async (tx) => {
    const due = await claimDue(tx, tenant.id);
    return { claimed: due, open: await readAddresses(tx, tenant.id, idsOf(due.map(({ channel }) => channel))) };
  });
  if (claimed.length > 0) deps.failPoint?.('alerts.claimed');
  // One channel that hangs until its deadline keeps no other waiting.
  return Promise.all(claimed.map((one) => deliverOne(deps, tenant, one, open)));
}

/** @throws what `open` throws for an address that cannot be opened */
function openChannel(channel: AlertChannel, open: (id: string) => string): OpenChannel {
  if (channel.kind !== 'webhook') return channel;
  return { kind: 'webhook', url: 'id' in channel ? open(channel.id) : channel.url };
}

/** Takes what is due for CLAIM_SECONDS. `attempts` is the claim's token: a later claim has a greater one. */
const claimDue = (tx: Tx, tenantId: string): Promise<Claimed[]> =>
  query<Claimed>(
    tx,
    sql`with due as (
        select d.id from alert_deliveries d
        where d.tenant_id = ${tenantId} and d.status = 'pending' and d.next_attempt_at <= now()
        order by d.next_attempt_at limit ${BATCH} for update skip locked
      ), claimed as (
        update alert_deliveries d set attempts = d.attempts + 1,
          next_attempt_at = now() + make_interval(secs => ${CLAIM_SECONDS})
        from due where d.tenant_id = ${tenantId} and d.id = due.id
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
      left join alert_events e on e.tenant_id = ${tenantId} and e.id = c.event_id
      left join reports r on r.tenant_id = ${tenantId} and r.id = c.report_id`,
  );

class UntoldDeliveryError extends Error {
  constructor() {
    super(`none of the ${MAX_ATTEMPTS} senders that tried could say how it went; it may have arrived all the same`);
    this.name = 'UntoldDeliveryError';
  }
}

async function deliverOne(
  deps: Dependencies,
  tenant: { id: string; slug: string },
  one: Claimed,
  open: (id: string) => string,
): Promise<keyof Delivered> {
  const { id, channel, attempts } = one;
  const tenantId = tenant.id;
  let problem: string | null = null;
  let isUnopened = false;
  try {
    const opened = openChannel(channel, open);
    // Each sender died, or could not mark what it had sent. Nobody goes on doing so for ever.
    if (attempts > MAX_ATTEMPTS) throw new UntoldDeliveryError();
    await deps.channels.send(opened, notificationOf(one, tenant.slug));
    deps.failPoint?.('alerts.sent');
  } catch (error) {
    isUnopened = error instanceof ServiceError && error.code === 'SECRETS_UNAVAILABLE';
    // What the other side answered may repeat what it was told, its password too.
    problem = storableText(scrub(messageOf(error)), 500);
    logError(deps.log, error, 'a notification could not be delivered', {
      tenantId,
      deliveryId: id,
      channel: channel.kind,
    });
  }
  const outcome = problem === null ? 'sent' : isUnopened || attempts < MAX_ATTEMPTS ? 'retried' : 'failed';
  const status = outcome === 'retried' ? 'pending' : outcome;
  const waitSeconds = isUnopened ? UNOPENED_WAIT_SECONDS : backoffMs(BACKOFF, attempts) / 1_000;
  // One whose claim lapsed, and was taken by another, says nothing about what that one is at.
  await transaction(deps.pool, { tenantId }, (tx) =>
    tx.execute(sql`update alert_deliveries set status = ${status}, last_error = ${problem},
        attempts = ${Math.min(isUnopened ? attempts - 1 : attempts, MAX_ATTEMPTS)},
        sent_at = case when ${status} = 'sent' then now() end,
        next_attempt_at = now() + make_interval(secs => ${waitSeconds})
      where tenant_id = ${tenantId} and id = ${id} and status = 'pending' and attempts = ${attempts}`),
  );
  deps.failPoint?.('alerts.marked');
  return outcome;
}

const iso = (text: string) => new Date(text).toISOString();

function notificationOf({ id, alert, report }: Claimed, tenant: string): Notification {
  if (alert) return { ...alert, id, tenant, at: iso(alert.at) };
  // A delivery carries the one or the other: the table holds to it.
  const { from, to, at, ...rest } = report!;
  return { ...rest, kind: 'report', id, tenant, from: iso(from), to: iso(to), at: iso(at) };
}
