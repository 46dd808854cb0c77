// Deliveries through a mail server that takes its time, and senders that come back after their claim has lapsed.
import { expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createChannels, deliverAlerts } from './index.ts';
import { openInboxes } from './testing/index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const inboxes = await openInboxes();
const outbound = createOutboundClient({ allowCidrs: ['127.0.0.0/8'] });
const mailbox = { kind: 'email', to: ['ops@example.org'] };
const hook = { kind: 'webhook', url: inboxes.hookUrl };
const WAIT = { timeout: 60_000, interval: 20 };

async function deliver(mailDeadlineMs?: number) {
  const channels = createChannels({
    ...{ log, outbound, smtpUrl: inboxes.smtpUrl, mailFrom: 'mainspring@example.org' },
    ...(mailDeadlineMs ? { mailDeadlineMs } : {}),
  });
  const delivered = await deliverAlerts({ pool: db.worker, log, channels });
  channels.close();
  return delivered;
}
/** An alert of a new tenant, which waits to be told. */
async function alertOf(slug: string, channel: typeof mailbox | typeof hook): Promise<string> {
  await db.owner`truncate alert_events cascade`;
  return addAlert(slug, channel);
}
async function addAlert(slug: string, channel: typeof mailbox | typeof hook): Promise<string> {
  const { id } = await createTenant(db.owner, { slug, name: slug });
  const [event] = await db.owner<
    { id: string }[]
  >`insert into alert_events (tenant_id, rule_id, rule_name, metric, kind,
    operator, threshold) values (${id}, ms_uuid(), ${slug}, 'failed_runs', 'firing', '>', 0) returning id`;
  const [delivery] = await db.owner<{ id: string }[]>`insert into alert_deliveries (tenant_id, event_id, channel)
    values (${id}, ${event!.id}, ${JSON.stringify(channel)}::text::jsonb) returning id`;
  return delivery!.id;
}
const stateOf = async (id: string) =>
  (await db.owner`select status, attempts, last_error from alert_deliveries where id = ${id}`)[0];

it('a mail server that takes too long over all its answers is left, with the connection closed and the delivery tried again', async () => {
  const id = await alertOf('slow', mailbox);
  inboxes.slowMailBy(700);
  expect(await deliver(1_500)).toEqual({ sent: 0, retried: 1, failed: 0 });
  expect(await stateOf(id)).toMatchObject({ status: 'pending', attempts: 1 });
  expect((await stateOf(id))?.last_error).toContain('had not taken the message after 1.5 s');
  await vi.waitFor(() => expect(inboxes.mailSessions()).toBe(0), WAIT);
  expect(inboxes.mails()).toEqual([]);
});

it('a slow mailbox of one tenant keeps no other tenant waiting', async () => {
  await alertOf('a-slow-one', mailbox);
  await addAlert('b-other', hook);
  inboxes.slowMailBy(5_000);
  const delivering = deliver(8_000);
  await vi.waitFor(() => expect(inboxes.posted()).toHaveLength(1), WAIT);
  const slow = db.owner`select status from alert_deliveries where channel ->> 'kind' = 'email'`;
  expect(await slow).toEqual([{ status: 'pending' }]);
  expect(await delivering).toEqual({ sent: 1, retried: 1, failed: 0 });
});

it('a delivery that no sender came to mark is sent eight times at most, and then says so', async () => {
  const id = await alertOf('unmarked', hook);
  // Seven have died before they could say how it went, or once they had sent it.
  const letClaimLapse = (attempts: number) => db.owner`update alert_deliveries set status = 'pending', sent_at = null,
    attempts = ${attempts}, next_attempt_at = now() where id = ${id}`;
  await letClaimLapse(7);
  expect(await deliver()).toEqual({ sent: 1, retried: 0, failed: 0 });
  await letClaimLapse(8);
  expect(await deliver()).toEqual({ sent: 0, retried: 0, failed: 1 });
  expect(inboxes.posted().map((one) => one.id)).toEqual([id]);
  expect(await stateOf(id)).toMatchObject({ status: 'failed', attempts: 8 });
  expect((await stateOf(id))?.last_error).toContain('may have arrived all the same');
});

it('a sender whose claim has lapsed does not mark what another is sending', async () => {
  const id = await alertOf('stale', mailbox);
  inboxes.slowMailBy(700);
  const delivering = deliver(1_500);
  await vi.waitFor(async () => expect(await stateOf(id)).toMatchObject({ attempts: 1 }), WAIT);
  // Another came after the claim's time.
  await db.owner`update alert_deliveries set attempts = 2, next_attempt_at = now() + interval '50 s' where id = ${id}`;
  await delivering;
  expect(await stateOf(id)).toEqual({ status: 'pending', attempts: 2, last_error: null });
  const [{ isHeld } = { isHeld: false }] = await db.owner<{ isHeld: boolean }[]>`
    select next_attempt_at > now() + interval '30 s' as "isHeld" from alert_deliveries where id = ${id}`;
  expect(isHeld).toBe(true);
});
