// Reports have a loop of their own: one that takes its time holds no alert up.
import { expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createChannels, observeAlerts } from '#server/alerts/index.ts';
import { health } from '#server/fleet/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { alertLoop } from './alert-loop.ts';
import { reportLoop } from './report-loop.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const look = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });
const count = async (table: string) =>
  (await db.owner<{ n: number }[]>`select count(*)::int as n from ${db.owner(table)}`)[0]!.n;
/** As if a minute had gone by since rules were evaluated, and a quarter of an hour since anybody looked. */
const letMinutePass = () => db.owner`update alert_loop set next_at = now(), turned_at = now() - interval '15 minutes'`;
const alertsNow = async () => (await health(db.app, { kind: 'anybody' })).components.alerts;

it('alerts are evaluated and sent, and well, whatever a report takes', { timeout: 300_000 }, async () => {
  const { id: tenantId } = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  observeAlerts(db.worker);
  await db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, next_at, covered_to, created_by)
    values (${tenantId}, 'slow', 'retention_receipt', '0 * * * *', 'UTC', '[{"kind": "log"}]', date_trunc('hour', now()),
      date_trunc('hour', now()) - interval '1 hour', 'test')`;
  await db.owner`insert into alert_rules (tenant_id, name, metric, operator, threshold, window_minutes, cooldown_minutes,
      channels, created_by)
    values (${tenantId}, 'runs fail', 'failed_runs', '>', 0, 10, 0, '[{"kind": "log"}]', 'test')`;

  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const locking = db.owner.begin(async (tx) => {
    await tx`lock table retention_purges in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const outbound = createOutboundClient({ allowCidrs: [] });
  const channels = createChannels({ log, outbound, smtpUrl: null, mailFrom: 'mainspring@example.org' });
  const reports = reportLoop({ pool: db.worker, log, turnMs: 20 });
  const alerts = alertLoop({ pool: db.worker, log, channels, turnMs: 20 });
  await db.owner`update alert_loop set next_at = now() + interval '1 day', reports_next_at = now()`;
  reports.start();
  alerts.start();
  // The report waits for the table that it tells of.
  await look(async () =>
    expect(
      await db.owner`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted
        and l.relation = 'retention_purges'::regclass and a.query like '%finished_at >=%'`,
    ).not.toHaveLength(0),
  );

  await letMinutePass();
  await look(async () => expect(await alertsNow()).toEqual({ status: 'ok' }));
  await db.owner`insert into runs (tenant_id, pipeline_id, version, status, trigger, finished_at)
    values (${tenantId}, ms_uuid(), 1, 'failed', 'manual', now())`;
  await letMinutePass();
  await look(async () => expect(await alertsNow()).toEqual({ status: 'ok' }));
  await look(async () =>
    expect([...(await db.owner`select status from alert_deliveries`)]).toEqual([{ status: 'sent' }]),
  );
  expect(await count('reports')).toBe(0);
  expect(reports.isTurning()).toBe(true);

  release.resolve();
  await locking;
  // Should its statement have waited too long, its next try is not waited for.
  await db.owner`update report_schedules set next_at = least(next_at, now()) where not exists (select from reports)`;
  await look(async () => {
    await db.owner`update alert_loop set reports_next_at = now()`;
    expect(await count('reports')).toBeGreaterThan(0);
  });
  await look(async () =>
    expect(
      await db.owner`select from alert_deliveries where report_id is not null and status = 'sent'`,
    ).not.toHaveLength(0),
  );
  await Promise.all([reports.stop(), alerts.stop()]);
});
