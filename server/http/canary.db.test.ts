// A canary in every secret's place, everything asked of the server with it, and then a look wherever it must not be:
// log lines, answers, the audit log, metrics, and every table that is not made to hold it hashed or sealed.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { SCOPES, storeApiKey } from '#server/auth/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { createLogger, hashPassword, keepOutOfLogs, logError, registry, transaction } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
const lines: string[] = [];
const log = createLogger({ level: 'trace', tier: 'test', write: (line) => lines.push(line) });

const canary = (place: string) => `cnry${place}${'0123456789abcdef'.repeat(2)}`;
const SECRETS = {
  key: `ms_${canary('key')}`,
  wrongKey: `ms_${canary('wrongkey')}`,
  foreignBearer: canary('bearer'),
  cron: canary('cron'),
  metrics: canary('metrics'),
  password: canary('password'),
  wrongPassword: canary('wrongpassword'),
  webhookPath: canary('path'),
  webhookQuery: canary('query'),
  signing: canary('signing'),
  authorization: canary('authorization'),
  s3: canary('s3secret'),
  smtp: canary('smtp'),
  kafka: canary('kafka'),
  git: canary('git'),
  siem: canary('siem'),
  userInfo: canary('userinfo'),
  misplaced: canary('misplaced'),
};
const answers: string[] = [];
let tenant: Tenant;
let session: string;
const web = await openWeb(db, { log, cronSecret: SECRETS.cron, metricsToken: SECRETS.metrics });
const hook = createServer((_request, response) => void response.writeHead(500).end());

/** Asks, and keeps all that comes back. */
async function ask(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<number> {
  const response = await web.fetch(path, {
    ...{ method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) } },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  answers.push(`${JSON.stringify([...response.headers])} ${await response.text()}`);
  return response.status;
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

beforeAll(async () => {
  keepOutOfLogs([SECRETS.cron, SECRETS.metrics]);
  serveTestConnections({ allowCidrs: ['127.0.0.1'] });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  tenant = await createTenant(db.owner, { slug: 'canary', name: 'Canary' });
  session = await makeSession(db, tenant);
  await transaction(db.app, { tenantId: tenant.id }, (tx) =>
    storeApiKey(tx, { tenantId: tenant.id, name: 'canary', key: SECRETS.key, scopes: SCOPES }),
  );
  await db.owner`insert into users (email, password_hash) values ('canary@example.org', ${await hashPassword(SECRETS.password)})`;
});
afterAll(() => new Promise((resolve) => hook.close(resolve)));

const hookUrl = () =>
  `http://127.0.0.1:${(hook.address() as AddressInfo).port}/${SECRETS.webhookPath}?token=${SECRETS.webhookQuery}`;
const connections = () => [
  {
    ...{ name: 'hook', kind: 'webhook' },
    secrets: { url: hookUrl(), signingSecret: SECRETS.signing, authorization: `Bearer ${SECRETS.authorization}` },
  },
  {
    ...{ name: 's3', kind: 's3', config: { bucket: 'b', endpoint: 'https://s3.example' } },
    secrets: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRETS.s3 },
  },
  {
    ...{ name: 'mail', kind: 'smtp', config: { host: '127.0.0.1', port: 1, from: 'a@example.org', username: 'u' } },
    secrets: { password: SECRETS.smtp },
  },
  {
    ...{ name: 'kafka', kind: 'kafka' },
    config: { brokers: [{ host: '127.0.0.1', port: 1 }], saslMechanism: 'plain', username: 'u' },
    secrets: { password: SECRETS.kafka },
  },
  { name: 'git', kind: 'git', config: { url: 'https://127.0.0.1:1/r.git' }, secrets: { token: SECRETS.git } },
  {
    ...{ name: 'siem', kind: 'siem', config: { backend: 'splunk', endpoint: 'https://127.0.0.1:1' } },
    secrets: { apiKey: SECRETS.siem },
  },
];

/** What tells a webhook of something, by where it is made. */
const telling = (url = hookUrl()) => {
  const channels = [{ kind: 'webhook', url }];
  return {
    '/api/v1/alerts/rules': {
      ...{ name: 'a rule', metric: 'failed_runs', operator: '>', threshold: 0, channels },
    },
    '/api/v1/reports/schedules': {
      ...{ name: 'a report', template: 'sla', cron: '0 4 * * *', timezone: 'UTC', channels },
    },
  };
};

describe('a secret', () => {
  it('does its work in every place there is for one', async () => {
    const key = bearer(SECRETS.key);
    const cookie = { cookie: session, origin: web.baseUrl };
    expect(await ask('GET', '/api/v1/runs', key)).toBe(200);
    expect(await ask('GET', '/api/v1/runs', { 'x-api-key': SECRETS.key })).toBe(200);
    expect(await ask('GET', '/trpc/runs.list?input={}', cookie)).toBe(200);
    expect(await ask('POST', '/api/v1/cron/flow-scheduler-tick', { 'x-cron-secret': SECRETS.cron })).toBe(200);
    expect(await ask('POST', '/api/v1/cron/outbox-reaper', bearer(SECRETS.cron))).toBe(200);
    expect(await ask('GET', '/log-level', bearer(SECRETS.metrics))).toBe(200);
    const signIn = (password: string) =>
      ask('POST', '/sign-in', { origin: web.baseUrl }, { email: 'canary@example.org', password });
    expect(await signIn(SECRETS.password)).toBe(200);
    for (const connection of connections())
      expect([
        connection.name,
        await ask('POST', '/api/v1/connections', { ...key, 'idempotency-key': connection.name }, connection),
      ]).toEqual([connection.name, 201]);
    for (const { name } of connections()) {
      expect(await ask('POST', `/api/v1/connections/${name}/test`, key)).toBe(200);
      expect(await ask('GET', `/api/v1/connections/${name}`, key)).toBe(200);
      expect(await ask('PATCH', `/api/v1/connections/${name}`, key, { description: 'changed' })).toBe(200);
    }
    for (const [path, told] of Object.entries(telling())) {
      expect(await ask('POST', path, { ...key, 'idempotency-key': told.name }, told)).toBe(201);
      expect(await ask('GET', path, key)).toBe(200);
      const [row] =
        await db.owner`select id from alert_rules union all select id from report_schedules order by 1 desc`;
      expect(await ask('PUT', `${path}/${row!.id}`, key, { ...told, name: 'changed' })).toBe(200);
    }
    expect(await ask('GET', '/api/v1/audit?limit=200', key)).toBe(200);
    await signIn(SECRETS.wrongPassword);
  }, 60_000);

  it('is refused where it is wrong or in the wrong place', async () => {
    const key = bearer(SECRETS.key);
    for (const headers of [
      bearer(SECRETS.wrongKey),
      bearer(SECRETS.foreignBearer),
      { 'x-api-key': SECRETS.foreignBearer },
    ]) {
      expect(await ask('GET', '/api/v1/runs', headers)).toBe(401);
      expect(await ask('POST', '/api/v1/cron/flow-scheduler-tick', headers)).toBe(401);
      expect(await ask('GET', '/metrics', headers)).toBe(401);
      expect(await ask('GET', '/trpc/runs.list', headers)).toBe(401);
    }
    const wrong = [
      { name: 'w', kind: 'git', config: { url: `https://u:${SECRETS.userInfo}@git.example/r` }, secrets: {} },
      { name: 'w', kind: 'git', config: { url: `https://git.example/r?t=${SECRETS.userInfo}` }, secrets: {} },
      { name: 'w', kind: 'webhook', secrets: { url: `https://u:${SECRETS.userInfo}@hooks.example/` } },
      {
        name: 'w',
        kind: 'webhook',
        config: { password: SECRETS.misplaced },
        secrets: { url: 'https://hooks.example/' },
      },
      {
        name: 'w',
        kind: 'siem',
        config: { backend: 'splunk', endpoint: 'https://10.0.0.1' },
        secrets: { apiKey: SECRETS.siem },
      },
      { name: 'w', kind: 'smtp', config: SECRETS.misplaced, secrets: SECRETS.misplaced },
      { name: 'w', kind: 'no-such-kind', secrets: { password: SECRETS.misplaced } },
    ];
    for (const body of wrong) expect(await ask('POST', '/api/v1/connections', key, body)).toBe(400);
    const refused = [`https://u:${SECRETS.userInfo}@hooks.example/`, `ftp://hooks.example/${SECRETS.misplaced}`];
    for (const url of [...refused, `https://10.0.0.1/${SECRETS.misplaced}`])
      for (const [path, told] of Object.entries(telling(url))) expect(await ask('POST', path, key, told)).toBe(400);
    expect(await ask('POST', '/trpc/connections.create', key, wrong[0])).toBe(400);
    expect(await ask('POST', '/api/v1/connections', key, { ...connections()[0], name: 's3' })).toBe(409);
  });

  it('that an error of ours carries is not logged with it', () => {
    logError(log, new Error(`connect to postgres://owner:${SECRETS.userInfo}@db/x failed`), 'request failed', {
      headers: { authorization: `Bearer ${SECRETS.foreignBearer}`, cookie: session },
      url: `https://hooks.example/?token=${SECRETS.webhookQuery}`,
    });
    expect(lines.at(-1)).toContain('request failed');
  });
});

describe('afterwards', () => {
  const expectClean = (where: string, text: string) => {
    for (const [place, secret] of Object.entries({ ...SECRETS, session: session.split('=')[1]! }))
      expect([where, place, text.includes(secret)]).toEqual([where, place, false]);
  };

  it('no log line holds one', () => {
    expect(lines.length).toBeGreaterThan(10);
    expectClean('log', lines.join(''));
  });

  it('no answer held one, but the cookie that its owner was given', () => {
    expect(answers.length).toBeGreaterThan(40);
    expectClean('answers', answers.join('\n'));
  });

  it('the metrics hold none', async () => {
    expectClean('metrics', await registry.metrics());
  });

  it('no table holds one in the clear: not the audit log, not an Idempotency-Key, not a connection', async () => {
    const tables = await db.owner<{ name: string }[]>`
      select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not c.relispartition`;
    expect(tables.length).toBeGreaterThan(20);
    for (const { name } of tables) {
      const [row] = await db.owner.unsafe(`select coalesce(string_agg(t::text, ' '), '') as text from "${name}" t`);
      expectClean(name, String(row!.text));
    }
    expect(await db.owner`select from webhook_addresses`).toHaveLength(2);
    const [sealed] = await db.owner`select string_agg(encode(secrets, 'escape'), ' ') as text
      from (select secrets from connections union all select secrets from webhook_addresses) s`;
    expect(sealed!.text.length).toBeGreaterThan(100);
    expectClean('sealed secrets', sealed!.text);
    const [audit] = await db.owner`select count(*)::int as n from audit_log where action like 'connection.%'`;
    expect(audit!.n).toBeGreaterThanOrEqual(18);
  });
});
