import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { CRON_SECRET, makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { tickAlerts, tickAlertsWhenDue } from '#server/reports/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createChannels, deliverAlerts, evaluateAlerts } from './index.ts';
import { openInboxes } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
/** The receiver of these tests is on this machine. */
const allowReceiver = () => serveTestConnections({ allowCidrs: ['127.0.0.1'] });
allowReceiver();
const log = createLogger({ level: 'silent', tier: 'test' });
let tenant: Awaited<ReturnType<typeof createTenant>>;
let key: string;

const { hookUrl, smtpUrl, posted, mails, answerWith } = await openInboxes();

beforeAll(async () => {
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  key = await makeKey(db, tenant);
});
beforeEach(async () => {
  await db.owner`delete from alert_rules`;
  await db.owner`delete from webhook_addresses`;
  await db.owner`delete from alert_events`;
  await db.owner`delete from runs`;
});

const outbound = createOutboundClient({ allowCidrs: ['127.0.0.0/8'] });
const evaluate = () => evaluateAlerts({ pool: db.worker, log });
async function deliver(from = outbound) {
  const channels = createChannels({ log, outbound: from, smtpUrl, mailFrom: 'mainspring@example.org' });
  const delivered = await deliverAlerts({ pool: db.worker, log, channels });
  channels.close();
  return delivered;
}
async function call(method: string, path: string, body?: unknown) {
  const answer = await web.fetch(`/api/v1/alerts/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as Record<string, never> & { id: string; items: never[] },
  };
}
const rule = (more: object = {}) => ({
  ...{ name: 'runs fail', metric: 'failed_runs', operator: '>', threshold: 0, windowMinutes: 10 },
  ...{ channels: [{ kind: 'webhook', url: hookUrl }], ...more },
});
const failRun = () =>
  db.owner`insert into runs (tenant_id, pipeline_id, version, status, trigger, finished_at)
    values (${tenant.id}, ms_uuid(), 1, 'failed', 'manual', now())`;
const events = () => db.owner`select kind, silenced_by, value from alert_events order by id`;
/** Makes what waits for its next attempt due. */
const letTimePass = () => db.owner`update alert_deliveries set next_attempt_at = now() where status = 'pending'`;

describe('an alert rule', () => {
  it('fires, tells its webhook and mailbox once, and tells them again when it is resolved', async () => {
    const channels = [{ kind: 'webhook', url: hookUrl }, { kind: 'email', to: ['ops@example.org'] }, { kind: 'log' }];
    expect((await call('POST', 'rules', rule({ channels }))).status).toBe(201);
    expect(await evaluate()).toMatchObject({ rules: 1, fired: 0 });
    await failRun();
    expect(await evaluate()).toMatchObject({ fired: 1 });
    expect(await evaluate()).toMatchObject({ fired: 0, resolved: 0 });
    expect(await deliver()).toEqual({ sent: 3, retried: 0, failed: 0 });
    expect(await deliver()).toEqual({ sent: 0, retried: 0, failed: 0 });
    expect(posted().map(({ body }) => body)).toMatchObject([
      { type: 'alert.firing', tenant: 'acme', ruleName: 'runs fail', metric: 'failed_runs', value: 1 },
    ]);
    expect(mails()).toMatchObject([{ from: 'mainspring@example.org', to: ['ops@example.org'] }]);
    expect(mails()[0]?.text).toContain('runs fail (failed_runs is 1, alert when > 0)');
    await db.owner`delete from runs`;
    expect(await evaluate()).toMatchObject({ resolved: 1 });
    await deliver();
    expect(posted().map(({ body }) => body.type)).toEqual(['alert.firing', 'alert.resolved']);
    expect(mails()).toHaveLength(2);
  });

  it('tells nobody of a second firing within its cool-down, and keeps it in the history', async () => {
    await call('POST', 'rules', rule());
    for (const isFailing of [true, false, true, false]) {
      if (isFailing) await failRun();
      else await db.owner`delete from runs`;
      await evaluate();
    }
    await deliver();
    expect(posted()).toHaveLength(2);
    expect(await events()).toMatchObject([
      { kind: 'firing', silenced_by: null },
      { kind: 'resolved', silenced_by: null },
      { kind: 'firing', silenced_by: 'cooldown' },
      { kind: 'resolved', silenced_by: 'cooldown' },
    ]);
  });

  it('notifies once, however many evaluate and deliver at the same time', async () => {
    await call('POST', 'rules', rule());
    await failRun();
    const rounds = await Promise.all(Array.from({ length: 8 }, evaluate));
    expect(rounds.reduce((sum, { fired }) => sum + fired, 0)).toBe(1);
    const sent = await Promise.all(Array.from({ length: 4 }, () => deliver()));
    expect(sent.reduce((sum, one) => sum + one.sent, 0)).toBe(1);
    expect(posted()).toHaveLength(1);
  });

  it('is evaluated once a minute by all workers together, and notifies once beside an outside caller', async () => {
    await call('POST', 'rules', rule());
    await failRun();
    await db.owner`update alert_loop set next_at = now()`;
    const channels = createChannels({ log, outbound, smtpUrl, mailFrom: 'mainspring@example.org' });
    const deps = { pool: db.worker, log, channels };
    const turns = await Promise.all([
      ...Array.from({ length: 5 }, () => tickAlertsWhenDue(deps)),
      ...Array.from({ length: 5 }, () => tickAlerts(deps)),
    ]);
    expect(turns.filter((turn) => 'evaluated' in turn)).toHaveLength(6);
    await deliver();
    expect(posted()).toHaveLength(1);
    channels.close();
  });

  it('is sent again, under the same id, when its sender died before it could say so', async () => {
    await call('POST', 'rules', rule());
    await failRun();
    await evaluate();
    // The claim of a sender that was killed after the receiver's answer: nothing but the attempt was noted.
    await db.owner`update alert_deliveries set attempts = 1, next_attempt_at = now() + interval '60 s'`;
    expect(await deliver()).toMatchObject({ sent: 0 });
    await letTimePass();
    expect(await deliver()).toMatchObject({ sent: 1 });
    const [delivery] = await db.owner`select id, attempts, status from alert_deliveries`;
    expect(delivery).toMatchObject({ attempts: 2, status: 'sent' });
    expect(posted()[0]?.id).toBe(delivery?.id);
  });

  it('is tried again while its receiver refuses it, a bounded number of times', async () => {
    await call('POST', 'rules', rule());
    await failRun();
    await evaluate();
    answerWith(503);
    const outcomes: object[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      outcomes.push(await deliver());
      await letTimePass();
    }
    expect(outcomes.slice(0, 7)).toEqual(Array(7).fill({ sent: 0, retried: 1, failed: 0 }));
    expect(outcomes.slice(7)).toEqual([
      { sent: 0, retried: 0, failed: 1 },
      { sent: 0, retried: 0, failed: 0 },
    ]);
    const { body } = await call('GET', 'events');
    expect(body.items).toMatchObject([
      { kind: 'firing', deliveries: [{ channel: 'webhook', status: 'failed', attempts: 8 }] },
    ]);
    expect(JSON.stringify(body)).toContain('answered 503');
  });

  it.each([
    'http://10.0.0.1/hook',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::ffff:10.0.0.1]/',
    'https://0x0a000001/',
    'http://93.184.215.14/plain',
    'https://user:password@93.184.215.14/',
  ])('is not saved with a webhook at %s, nor is the address put into a saved one', async (url) => {
    const channels = [{ kind: 'log' }, { kind: 'webhook', url }];
    const refused = await call('POST', 'rules', rule({ channels }));
    expect([refused.status, refused.body]).toEqual([400, expect.objectContaining({ code: 'ADDRESS_REFUSED' })]);
    const { id } = (await call('POST', 'rules', rule())).body;
    expect((await call('PUT', `rules/${id}`, rule({ channels }))).status).toBe(400);
    const rows = await db.owner`select channels from alert_rules`;
    expect(rows).toEqual([
      { channels: [{ kind: 'webhook', id: expect.any(String), origin: new URL(hookUrl).origin }] },
    ]);
    expect(await db.owner`select from webhook_addresses`).toHaveLength(1);
  });

  it('reaches no private address that the operator has not allowed', async () => {
    await call('POST', 'rules', rule());
    await failRun();
    await evaluate();
    expect(await deliver(createOutboundClient({ allowCidrs: [] }))).toMatchObject({ sent: 0, retried: 1 });
    expect(posted()).toEqual([]);
  });

  it('whose figure cannot be read says why, and the others are evaluated', async () => {
    await call('POST', 'rules', rule({ name: 'broken', channels: [{ kind: 'log' }] }));
    await call('POST', 'rules', rule({ name: 'sound', metric: 'dlq_depth', channels: [{ kind: 'log' }] }));
    await db.owner`update alert_rules set metric = 'no_such_metric' where name = 'broken'`;
    expect(await evaluate()).toMatchObject({ rules: 2, failed: 1 });
    const { body } = await call('GET', 'rules');
    const byName = Object.fromEntries(
      (body.items as { name: string; lastError: string | null; lastValue: number | null }[]).map((one) => [
        one.name,
        one,
      ]),
    );
    expect(byName.broken?.lastError).toMatch(/ \(errorId [0-9a-f-]+\)$/);
    expect(byName.sound).toMatchObject({ lastError: null, lastValue: 0 });
  });

  it('whose statement fails says why, and what was decided of the others stays', async () => {
    await call('POST', 'rules', rule({ name: 'first', channels: [{ kind: 'log' }] }));
    await call('POST', 'rules', rule({ name: 'broken', metric: 'dlq_depth', channels: [{ kind: 'log' }] }));
    await call('POST', 'rules', rule({ name: 'last', metric: 'job_failures', channels: [{ kind: 'log' }] }));
    await db.owner`alter table dlq_entries rename to dlq_entries_away`;
    try {
      expect(await evaluate()).toMatchObject({ rules: 3, failed: 1 });
    } finally {
      await db.owner`alter table dlq_entries_away rename to dlq_entries`;
    }
    const rows =
      await db.owner`select name, last_error, evaluated_at is not null as "isEvaluated" from alert_rules order by id`;
    expect(rows.map(({ name, isEvaluated }) => [name, isEvaluated])).toEqual([
      ['first', true],
      ['broken', true],
      ['last', true],
    ]);
    expect(rows[1]!.last_error).toMatch(/relation "dlq_entries" does not exist \(errorId /);
  });

  it('reads every metric there is', async () => {
    const { body } = await call('GET', 'metrics');
    const names = (body.items as { name: string }[]).map(({ name }) => name);
    for (const metric of names)
      await call('POST', 'rules', rule({ name: metric, metric, channels: [{ kind: 'log' }] }));
    expect(await evaluate()).toMatchObject({ rules: names.length, failed: 0 });
  });

  it('starts over when what it watches is changed, keeps its name to itself, and can be tested and deleted', async () => {
    const { body: made } = await call('POST', 'rules', rule());
    expect(await call('POST', 'rules', rule())).toMatchObject({ status: 409, body: { code: 'ALERT_RULE_NAME_TAKEN' } });
    await failRun();
    await evaluate();
    await call('PUT', `rules/${made.id}`, rule({ threshold: 5 }));
    const { body } = await call('GET', 'rules');
    expect(body.items).toMatchObject([{ state: 'ok', threshold: 5 }]);
    expect((await call('POST', `rules/${made.id}/test`)).status).toBe(200);
    await deliver();
    expect(posted().map((one) => one.body.type)).toEqual(['alert.firing', 'alert.test']);
    expect((await call('DELETE', `rules/${made.id}`)).status).toBe(200);
    expect(await call('DELETE', `rules/${made.id}`)).toMatchObject({
      status: 404,
      body: { code: 'ALERT_RULE_NOT_FOUND' },
    });
    expect((await call('GET', 'events')).body.items).toHaveLength(2);
  });
});

describe('POST /api/cron/tick', () => {
  const forms: [string, Record<string, string>][] = [
    ['CRON_TOKEN as x-cron-token', { 'x-cron-token': 'the-token-of-the-cloud-rule' }],
    ['CRON_SECRET as x-cron-token', { 'x-cron-token': CRON_SECRET }],
    ['CRON_SECRET as x-cron-secret', { 'x-cron-secret': CRON_SECRET }],
    ['CRON_TOKEN as x-cron-secret', { 'x-cron-secret': 'the-token-of-the-cloud-rule' }],
    ['CRON_TOKEN as Bearer', { authorization: 'Bearer the-token-of-the-cloud-rule' }],
    ['CRON_SECRET as Bearer', { authorization: `Bearer ${CRON_SECRET}` }],
  ];
  const open = async () =>
    openWeb(db, {
      cronToken: 'the-token-of-the-cloud-rule',
      alertChannels: createChannels({ log, outbound, smtpUrl, mailFrom: 'mainspring@example.org' }),
    });

  it.each(forms)('evaluates every rule and delivers, with %s', async (_, headers) => {
    const there = await open();
    allowReceiver();
    await call('POST', 'rules', rule());
    await failRun();
    const answer = await there.fetch('/api/cron/tick', { method: 'POST', headers });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ ok: true, rules: 1, fired: 1, errors: 0, delivered: 1 });
    expect(posted()).toHaveLength(1);
  });

  it('is closed to everybody else, and its token opens no v1 route', async () => {
    const there = await open();
    const status = async (path: string, headers: Record<string, string>) =>
      (await there.fetch(path, { method: 'POST', headers })).status;
    expect(await status('/api/cron/tick', {})).toBe(401);
    expect(await status('/api/cron/tick', { 'x-cron-token': 'the-token-of-the-cloud-rulf' })).toBe(401);
    expect(await status('/api/cron/tick', { authorization: `Bearer ${key}` })).toBe(401);
    for (const [, headers] of forms.slice(0, 1)) expect(await status('/api/v1/cron/outbox-reaper', headers)).toBe(401);
  });
});
