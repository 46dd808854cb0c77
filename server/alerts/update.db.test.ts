// An installation of an earlier release, with webhooks' addresses in the clear, that is updated to this one.
import { expect, it } from 'vitest';
import { databaseBefore } from '#db/testing/index.ts';
import { rotateKeys } from '#server/connections/index.ts';
import { serveTestConnections, testContext } from '#server/connections/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createChannels, deliverAlerts, sealStoredChannels } from './index.ts';
import { openInboxes } from './testing/index.ts';

/** The first release that seals them. */
const SEALING = 40;
const SECRET = 'c0ffee-path-of-a-webhook';
const db = await databaseBefore(SEALING);
const { hookUrl, posted } = await openInboxes();
serveTestConnections();

/** A rule, a schedule, and a notification in each state. */
async function fillEarlier(slug: string): Promise<void> {
  const [tenant] = await db.owner<{ id: string }[]>`insert into tenants (slug, name, schema_name, role_name)
    values (${slug}, ${slug}, ${`schema_${slug}`}, ${`role_${slug}`}) returning id`;
  const id = tenant!.id;
  const channel = { kind: 'webhook', url: `${hookUrl}${SECRET}/${slug}?key=${SECRET}` };
  const channels = JSON.stringify([{ kind: 'log' }, channel]);
  await db.owner`insert into alert_rules (tenant_id, name, metric, operator, threshold, window_minutes, cooldown_minutes,
      channels, created_by)
    values (${id}, 'runs fail', 'failed_runs', '>', 0, 5, 5, ${channels}::text::jsonb, 'test')`;
  await db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, covered_to, created_by)
    values (${id}, 'hourly', 'sla', '0 * * * *', 'UTC', ${channels}::text::jsonb, now(), 'test')`;
  for (const status of ['pending', 'sent', 'failed'])
    await db.owner`with event as (
        insert into alert_events (tenant_id, rule_id, rule_name, metric, kind, operator, threshold)
        values (${id}, ms_uuid(), ${slug}, 'failed_runs', 'firing', '>', 0) returning id)
      insert into alert_deliveries (tenant_id, event_id, channel, status)
      select ${id}, id, ${JSON.stringify(channel)}::text::jsonb, ${status} from event`;
}
async function stored(): Promise<string> {
  const rows = await db.owner<{ text: string }[]>`select channels::text as text from alert_rules
    union all select channels::text from report_schedules union all select channel::text from alert_deliveries`;
  return rows.map(({ text }) => text).join('\n');
}

it('what waited to be told is told, and no address stands in the clear any more', async () => {
  for (const slug of ['acme', 'other']) await fillEarlier(slug);
  expect(await stored()).toContain(SECRET);
  await db.update();
  // Of each tenant a rule, a schedule and three notifications.
  expect(await sealStoredChannels(db.app)).toEqual({ sealed: 10, left: 0 });
  expect(await stored()).not.toContain(SECRET);
  expect(await db.owner`select from webhook_addresses`).toHaveLength(6);
  expect(await rotateKeys(testContext(db.app))).toMatchObject({ resealed: 6, remaining: 0 });

  const log = createLogger({ level: 'silent', tier: 'test' });
  const outbound = createOutboundClient({ allowCidrs: ['127.0.0.1/32'] });
  const channels = createChannels({ log, outbound, smtpUrl: null, mailFrom: 'mainspring@example.org' });
  expect(await deliverAlerts({ pool: db.worker, log, channels })).toEqual({ sent: 2, retried: 0, failed: 0 });
  channels.close();
  expect(posted().map(({ body }) => body.tenant)).toEqual(expect.arrayContaining(['acme', 'other']));
});
