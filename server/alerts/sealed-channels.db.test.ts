// Webhooks' addresses: sealed where they are stored, shown to nobody, and those that an earlier release left in the clear.
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { rotateKeys } from '#server/connections/index.ts';
import { serveTestConnections, testContext } from '#server/connections/testing/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import {
  channelSealing,
  createChannels,
  deliverAlerts,
  dropUnusedAddresses,
  evaluateAlerts,
  sealStoredChannels,
} from './index.ts';
import { openInboxes } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const log = createLogger({ level: 'silent', tier: 'test' });
const { hookUrl, posted, answerWith } = await openInboxes();
const outbound = createOutboundClient({ allowCidrs: ['127.0.0.0/8'] });
const { origin } = new URL(hookUrl);
const SECRET = 'c0ffee-path-of-a-webhook';
const hook = (path: string) => `${hookUrl}${SECRET}/${path}?key=${SECRET}`;
const mask = `${origin}/…`;

type Channel = { kind: string; id?: string; url?: string };
type Body = { id: string; code: string; message: string; items: { id: string; name: string; channels: Channel[] }[] };
let tenant: Tenant;
let key: string;

beforeAll(async () => {
  serveTestConnections({ allowCidrs: ['127.0.0.1'] });
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  key = await makeKey(db, tenant);
});
beforeEach(async () => {
  serveTestConnections({ allowCidrs: ['127.0.0.1'] });
  await db.owner`truncate alert_rules, alert_events, report_schedules, reports, webhook_addresses cascade`;
  await db.owner`delete from runs`;
});

const answers: string[] = [];
async function call(method: string, path: string, body?: object) {
  const answer = await web.fetch(`/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  answers.push(text);
  return { status: answer.status, body: JSON.parse(text) as Body };
}
const rule = (channels: object[], more: object = {}) => ({
  ...{ name: 'runs fail', metric: 'failed_runs', operator: '>', threshold: 0, windowMinutes: 10, channels, ...more },
});
const schedule = (channels: object[]) => ({
  ...{ name: 'hourly', template: 'sla', cron: '0 * * * *', timezone: 'UTC', channels },
});
const webhook = (url: string, id?: string) => ({ kind: 'webhook', url, ...(id ? { id } : {}) });
const channelsOf = async (path: string) => (await call('GET', path)).body.items[0]!.channels;
const addresses = async () => (await db.owner<{ id: string }[]>`select id from webhook_addresses`).map(({ id }) => id);
const failRun = () =>
  db.owner`insert into runs (tenant_id, pipeline_id, version, status, trigger, finished_at)
    values (${tenant.id}, ms_uuid(), 1, 'failed', 'manual', now())`;
const evaluate = () => evaluateAlerts({ pool: db.worker, log });
async function deliver() {
  const channels = createChannels({ log, outbound, smtpUrl: null, mailFrom: 'mainspring@example.org' });
  const delivered = await deliverAlerts({ pool: db.worker, log, channels });
  channels.close();
  return delivered;
}
/** All that a dump of the tables would have. */
async function stored(): Promise<string> {
  const tables = [
    'alert_rules',
    'report_schedules',
    'alert_deliveries',
    'alert_events',
    'webhook_addresses',
    'audit_log',
  ];
  const texts: string[] = [];
  for (const table of [...tables, 'idempotency_keys']) {
    const [row] = await db.owner.unsafe(`select coalesce(string_agg(t::text, ' '), '') as text from ${table} t`);
    texts.push(String(row!.text));
  }
  return texts.join('\n');
}

describe.each([
  ['alerts/rules', rule],
  ['reports/schedules', schedule],
] as const)('a webhook of %s', (path, body) => {
  it('is stored sealed, shown by its origin, kept when that comes back, and told at its whole address', async () => {
    const made = await call('POST', path, body([webhook(hook('a')), { kind: 'log' }, webhook(hook('b'))]));
    expect(made.status, made.body.message).toBe(201);
    const shown = await channelsOf(path);
    expect(shown).toEqual([
      { kind: 'webhook', id: expect.any(String), url: mask },
      { kind: 'log' },
      { kind: 'webhook', id: expect.any(String), url: mask },
    ]);
    const [first, , second] = shown;
    // The first goes; the second is kept as it was shown, beside a new one.
    const channels = [second!, webhook(hook('c'))];
    expect((await call('PUT', `${path}/${made.body.id}`, body(channels))).status).toBe(200);
    const after = await channelsOf(path);
    expect(after[0]).toEqual(second);
    expect((await addresses()).sort()).toEqual(after.map(({ id }) => id).sort());
    expect(await addresses()).not.toContain(first!.id);
    // A script that sends the whole address each time changes nothing.
    await call('PUT', `${path}/${made.body.id}`, body([webhook(hook('b')), webhook(hook('c'))]));
    expect(await channelsOf(path)).toEqual(after);
    expect(await stored()).not.toContain(SECRET);
    expect(answers.join('')).not.toContain(SECRET);
    expect((await call('DELETE', `${path}/${made.body.id}`)).status).toBe(200);
    expect(await addresses()).toEqual([]);
  });

  it('is refused masked when there is none to keep: in a new one, or with the id of another’s', async () => {
    expect(await call('POST', path, body([webhook(mask)]))).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID', message: expect.stringContaining('give the whole address') },
    });
    await call('POST', path, body([webhook(hook('theirs'))]));
    const [theirs] = await channelsOf(path);
    const own = await call('POST', path, { ...body([{ kind: 'log' }]), name: 'own' });
    const copied = { ...body([theirs!]), name: 'own' };
    expect((await call('PUT', `${path}/${own.body.id}`, copied)).body.code).toBe('INPUT_INVALID');
    expect((await call('POST', path, { ...copied, name: 'copy' })).body.code).toBe('INPUT_INVALID');
    const nobodys = await call('PUT', `${path}/${crypto.randomUUID()}`, body([theirs!]));
    expect(nobodys.status).toBe(404);
  });
});

describe('a notification', () => {
  it('reaches the sealed address, though its rule is gone by then, and the address goes after it', async () => {
    const { id } = (await call('POST', 'alerts/rules', rule([webhook(hook('a'))]))).body;
    await failRun();
    await evaluate();
    expect((await call('DELETE', `alerts/rules/${id}`)).status).toBe(200);
    expect(await addresses()).toHaveLength(1);
    expect(await deliver()).toEqual({ sent: 1, retried: 0, failed: 0 });
    expect(posted()).toHaveLength(1);
    const sweep = () => transaction(db.worker, { tenantId: tenant.id }, (tx) => dropUnusedAddresses(tx, tenant.id));
    expect([await sweep(), await sweep()]).toEqual([1, 0]);
    expect(await stored()).not.toContain(SECRET);
  });

  it('whose address its worker cannot open says so and waits, however often that worker comes, and no other waits for it', async () => {
    await call('POST', 'alerts/rules', rule([webhook(hook('a')), { kind: 'log' }, webhook(hook('b'))]));
    await failRun();
    await evaluate();
    const waiting = () =>
      db.owner`select attempts, last_error, next_attempt_at > now() as later from alert_deliveries
        where status = 'pending' order by id`;
    const letTimePass = () => db.owner`update alert_deliveries set next_attempt_at = now() where status = 'pending'`;
    serveTestConnections({ allowCidrs: ['127.0.0.1'], keys: ['another encryption key of 32 characters or so'] });
    expect(await deliver()).toEqual({ sent: 1, retried: 2, failed: 0 });
    const said = { attempts: 0, later: true, last_error: expect.stringContaining('another ENCRYPTION_KEY') };
    expect(await waiting()).toEqual([said, said]);
    // More often than a receiver is asked that refuses.
    for (let turn = 0; turn < 10; turn += 1) {
      await letTimePass();
      expect(await deliver()).toEqual({ sent: 0, retried: 2, failed: 0 });
    }
    // With the key it begins as if nobody had tried: a receiver that refuses then is asked again.
    serveTestConnections({ allowCidrs: ['127.0.0.1'] });
    answerWith(503);
    await letTimePass();
    expect(await deliver()).toEqual({ sent: 0, retried: 2, failed: 0 });
    answerWith(204);
    await letTimePass();
    expect(await deliver()).toEqual({ sent: 2, retried: 0, failed: 0 });
  });

  it('whose key is lost leaves its rule to be changed, and its address to be replaced', async () => {
    const { id } = (await call('POST', 'alerts/rules', rule([webhook(hook('a'))]))).body;
    const shown = await channelsOf('alerts/rules');
    serveTestConnections({ allowCidrs: ['127.0.0.1'], keys: ['another encryption key of 32 characters or so'] });
    expect((await call('PUT', `alerts/rules/${id}`, rule(shown, { threshold: 3 }))).status).toBe(200);
    expect(await channelsOf('alerts/rules')).toEqual(shown);
    // Nothing can be sealed before a rotation has made a key, which it does though it cannot open what it finds.
    const replace = () => call('PUT', `alerts/rules/${id}`, rule([webhook(hook('b'))]));
    expect((await replace()).body.code).toBe('SECRETS_UNAVAILABLE');
    await expect(rotateKeys(testContext(db.app))).rejects.toMatchObject({ code: 'SECRETS_UNAVAILABLE' });
    expect((await replace()).status).toBe(200);
    expect(await addresses()).toHaveLength(1);
    expect(await rotateKeys(testContext(db.app))).toMatchObject({ remaining: 0 });
    // As the other tests find it: with no key yet.
    await db.owner`truncate webhook_addresses`;
    await db.owner`delete from encryption_keys`;
  });
});

describe('what an earlier release stored in the clear', () => {
  const RULES = 60;
  const plain = (n: number) => JSON.stringify([webhook(hook(`rule-${n}`)), { kind: 'log' }]);
  async function leaveAsBefore() {
    for (let n = 0; n < RULES; n += 1)
      await db.owner`insert into alert_rules (tenant_id, name, metric, operator, threshold, window_minutes,
          cooldown_minutes, channels, created_by)
        values (${tenant.id}, ${`rule ${n}`}, 'failed_runs', '>', 0, 5, 5, ${plain(n)}::text::jsonb, 'test')`;
    await db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, covered_to, created_by)
      values (${tenant.id}, 'hourly', 'sla', '0 * * * *', 'UTC', ${plain(0)}::text::jsonb, now(), 'test')`;
    for (const status of ['pending', 'sent', 'failed'])
      await db.owner`with event as (insert into alert_events (tenant_id, rule_id, rule_name, metric, kind, operator, threshold)
          values (${tenant.id}, ms_uuid(), 'earlier', 'failed_runs', 'firing', '>', 0) returning id)
        insert into alert_deliveries (tenant_id, event_id, channel, status)
        select ${tenant.id}, id, ${JSON.stringify(webhook(hook('earlier')))}::text::jsonb, ${status} from event`;
  }

  it('works as it is, is shown masked, and is kept and sealed when its rule is saved', async () => {
    await leaveAsBefore();
    await failRun();
    await evaluate();
    expect(await deliver()).toMatchObject({ sent: 50 });
    const { items } = (await call('GET', 'alerts/rules')).body;
    const { id, name, channels } = items[0]!;
    expect(channels).toEqual([{ kind: 'webhook', url: mask }, { kind: 'log' }]);
    expect((await call('PUT', `alerts/rules/${id}`, rule(channels, { name }))).status).toBe(200);
    const [row] = await db.owner`select channels from alert_rules where id = ${id}`;
    expect(row!.channels[0]).toEqual({ kind: 'webhook', id: expect.any(String), origin });
    expect(answers.join('')).not.toContain(SECRET);
  });

  it('is sealed by passes that are cut short, run beside each other or find a row held, and goes on being told', async () => {
    await leaveAsBefore();
    const [held] = await db.owner<{ id: string }[]>`select id from alert_rules where name = 'rule 3'`;
    const [hasLock, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = db.owner.begin(async (tx) => {
      await tx`select from alert_rules where id = ${held!.id} for update`;
      hasLock.resolve();
      await release.promise;
    });
    await hasLock.promise;
    const passes = await Promise.all([sealStoredChannels(db.app), sealStoredChannels(db.app)]);
    // Rules without the one that is held, the schedule, and three deliveries.
    expect(passes[0]!.sealed + passes[1]!.sealed).toBe(RULES - 1 + 1 + 3);
    expect((await sealStoredChannels(db.app)).left).toBe(1);
    release.resolve();
    await holding;
    expect(await sealStoredChannels(db.app)).toEqual({ sealed: 1, left: 0 });
    expect(await sealStoredChannels(db.app)).toEqual({ sealed: 0, left: 0 });
    expect(await stored()).not.toContain(SECRET);
    expect(await addresses()).toHaveLength(RULES + 2);

    const rotated = await rotateKeys(testContext(db.app));
    expect(rotated).toMatchObject({ resealed: RULES + 2, remaining: 0 });
    expect(await deliver()).toMatchObject({ sent: 1, retried: 0 });
    expect(posted()).toHaveLength(1);
  });

  it('that cannot be sealed keeps no other tenant’s from being sealed, and is said at the end', async () => {
    await leaveAsBefore();
    const later = await createTenant(db.owner, { slug: 'later', name: 'Later' });
    await db.owner`update alert_rules set tenant_id = ${later.id} where name = 'rule 7'`;
    await db.owner`update alert_rules set channels = '[{"kind": "webhook", "url": "no address"}]' where name = 'rule 3'`;
    await expect(sealStoredChannels(db.app)).rejects.toThrow('Invalid URL');
    const [row] = await db.owner`select channels from alert_rules where name = 'rule 7'`;
    expect(row!.channels[0]).toEqual({ kind: 'webhook', id: expect.any(String), origin });
  });

  it('is sealed in the background from a process’s boot on', async () => {
    await leaveAsBefore();
    const sealing = channelSealing({ pool: db.app, log });
    sealing.start();
    await vi.waitFor(async () => expect(await stored()).not.toContain(SECRET), { timeout: 60_000, interval: 50 });
    await sealing.stop();
    expect(await addresses()).toHaveLength(RULES + 2);
  });
});
