// An alert loop that hangs is seen: by the worker's liveness, by the health of the installation and outside, where the
// dead man's heartbeat falls silent.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createChannels, observeAlerts } from '#server/alerts/index.ts';
import { health, isAllWell } from '#server/fleet/index.ts';
import { createLogger, registry } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { alertLoop } from './alert-loop.ts';
import { deadManSwitch } from './dead-man.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const outbound = createOutboundClient({ allowCidrs: ['127.0.0.0/8'] });
let calls = 0;
const outside = createServer((_, response) => {
  calls += 1;
  response.writeHead(204).end();
});
await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/`;
afterAll(() => void outside.close());

const STALE_MS = 1_000;
const look = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });
const healthNow = () => health(db.app, { kind: 'anybody' });
const gaugeNow = async (name: string) => {
  const line = (await registry.metrics()).match(new RegExp(`^\\w*${name} (\\S+)$`, 'm'));
  return line ? Number(line[1]) : null;
};

it('an alert loop that hangs is unhealthy and the heartbeat silent, until it turns again', async () => {
  await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  observeAlerts(db.worker);
  // All else is well.
  await db.owner`update scheduler_state set last_tick_at = now() + interval '1 hour'`;
  await db.owner`insert into processes (id, tier, host, pid, last_seen_at) values ('w', 'worker', 'h', 1, now() + interval '1 hour')`;
  await db.owner`insert into outbox_publishers (id, host, pid, backend, last_seen_at) values ('p', 'h', 1, 'file', now() + interval '1 hour')`;
  expect((await healthNow()).components.alerts).toEqual({ status: 'unknown' });

  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const locking = db.owner.begin(async (tx) => {
    await tx`lock table alert_rules in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  await db.owner`update alert_loop set turned_at = now() - interval '10 minutes', next_at = now()`;
  const channels = createChannels({ log, outbound, smtpUrl: null, mailFrom: 'mainspring@example.org' });
  const loop = alertLoop({ ...{ pool: db.worker, log, channels }, ...{ turnMs: 20, staleMs: STALE_MS } });
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return isAllWell(await healthNow());
  };
  const heart = deadManSwitch({ ...{ url, log, outbound, isAllWell: ask }, everyMs: 20 });
  loop.start();
  expect(loop.isTurning()).toBe(true);
  heart.start();
  await look(() => expect(loop.isTurning()).toBe(false));
  await look(() => expect(asked).toBeGreaterThan(3));
  expect(await healthNow()).toMatchObject({ status: 'degraded', components: { alerts: { status: 'down' } } });
  expect(await gaugeNow('alerts_turn_age_seconds')).toBeGreaterThanOrEqual(600);
  expect(calls).toBe(0);

  release.resolve();
  await locking;
  // Should the turn that waited have failed, its minute is not waited for.
  await db.owner`update alert_loop set next_at = now()`;
  await look(async () =>
    expect(await healthNow()).toMatchObject({ status: 'ok', components: { alerts: { status: 'ok' } } }),
  );
  await look(() => expect(loop.isTurning()).toBe(true));
  await look(() => expect(calls).toBeGreaterThan(0));
  expect(await gaugeNow('alerts_turn_age_seconds')).toBeLessThan(120);
  await loop.stop();

  // The rules are evaluated, but nobody sends what they said.
  const [event] = await db.owner<
    { id: string; tenant: string }[]
  >`insert into alert_events (tenant_id, rule_id, rule_name,
      metric, kind, operator, threshold)
    select id, ms_uuid(), 'a rule', 'failed_runs', 'firing', '>', 0 from tenants returning id, tenant_id as tenant`;
  await db.owner`insert into alert_deliveries (tenant_id, event_id, channel, next_attempt_at)
    values (${event!.tenant}, ${event!.id}, '{"kind": "log"}', now() + interval '1 minute')`;
  expect((await healthNow()).status).toBe('ok');
  await db.owner`update alert_deliveries set next_attempt_at = now() - interval '6 minutes'`;
  expect((await healthNow()).components.alerts).toEqual({ status: 'down' });
  expect(await gaugeNow('alerts_oldest_due_seconds')).toBeGreaterThanOrEqual(360);
  await heart.stop();
});
