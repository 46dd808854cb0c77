import { expect, test, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createChannels } from '#server/alerts/index.ts';
import { openInboxes } from '#server/alerts/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { tickAlertsAndReports } from './index.ts';

const db = await testDatabase();
const web = await openWeb(db);
serveTestConnections({ allowCidrs: ['127.0.0.1'] });
const log = createLogger({ level: 'silent', tier: 'test' });
const { hookUrl, posted } = await openInboxes();
const channels = [{ kind: 'webhook', url: hookUrl }];
/** What the receiver was told, in its order. */
const told = () => posted().map(({ body }) => body.type);

test('a call from outside has its alerts delivered before it begins with the reports', {
  timeout: 120_000,
}, async () => {
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const authorization = `Bearer ${await makeKey(db, tenant)}`;
  const post = async (path: string, body: object) => {
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await web.fetch(`/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status, await answer.clone().text()).toBe(201);
  };
  await post('alerts/rules', {
    ...{ name: 'runs fail', metric: 'failed_runs', operator: '>', threshold: 0, windowMinutes: 10, channels },
  });
  await post('reports/schedules', {
    ...{ name: 'hourly', template: 'retention_receipt', cron: '0 * * * *', timezone: 'UTC', channels },
  });
  await db.owner`update report_schedules set next_at = date_trunc('hour', now()),
    covered_to = date_trunc('hour', now()) - interval '1 hour'`;
  await db.owner`insert into runs (tenant_id, pipeline_id, version, status, trigger, finished_at)
    values (${tenant.id}, ms_uuid(), 1, 'failed', 'manual', now())`;

  // The report waits for the table that it tells of, as long as the alert has not arrived.
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const locking = db.owner.begin(async (tx) => {
    await tx`lock table retention_purges in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const send = createChannels({
    ...{ log, outbound: createOutboundClient({ allowCidrs: ['127.0.0.0/8'] }) },
    ...{ smtpUrl: null, mailFrom: 'mainspring@example.org' },
  });
  const ticking = tickAlertsAndReports({ pool: db.worker, log, channels: send });
  await vi.waitFor(() => expect(told()).toEqual(['alert.firing']), { timeout: 40_000, interval: 50 });
  expect(await db.owner`select from reports`).toHaveLength(0);
  release.resolve();
  await locking;
  expect(await ticking).toMatchObject({ evaluated: { fired: 1 }, reports: { made: 1 }, delivered: { sent: 2 } });
  expect(told()).toEqual(['alert.firing', 'report.made']);
  send.close();
});
