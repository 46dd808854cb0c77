// Health by audience, log levels, metrics: who sees what, and what a change of the level does.
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { heartbeat } from '#server/fleet/index.ts';
import { createLogger, hashToken, newToken } from '#server/lib/index.ts';
import { copyTable, openWorkshop } from '#server/runs/testing/index.ts';
import { listen, privateApp } from './index.ts';
import { METRICS_TOKEN, makeKey, makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const mine = await openWorkshop(db, 'mine');
const theirs = await openWorkshop(db, 'theirs');
const lines: { level: string; msg: string }[] = [];
const log = createLogger({ level: 'info', tier: 'web', write: (line) => lines.push(JSON.parse(line)) });
const beats = heartbeat({ pool: db.app, log, processId: 'web-1', tier: 'web', version: 'test' });
const operator = { authorization: `Bearer ${METRICS_TOKEN}` };
let key: string;
let operatorCookie: string;
let adminCookie: string;

beforeAll(async () => {
  key = await makeKey(db, mine.tenant);
  adminCookie = await makeSession(db, mine.tenant);
  const token = newToken();
  const [user] = await db.owner<{ id: string }[]>`
    insert into users (email, is_instance_operator) values ('operator@example.org', true) returning id`;
  await db.app`select auth_session_open(${user!.id}, ${hashToken(token)}, 'test', 3600)`;
  operatorCookie = `mainspring_session=${token}`;
  for (const shop of [mine, theirs]) {
    await shop.sql('create table a (n int); create table b (n int)');
    const id = await shop.pipeline(`fails-at-${shop.tenant.slug}`, { nodes: copyTable('a', 'b') });
    await shop.sql('drop table a');
    await shop.run(id);
  }
});

type Headers = Record<string, string>;
const operators = (): Headers[] => [operator, { cookie: operatorCookie }];
const healthOf = async (headers: Record<string, string> = {}) =>
  (await (await web.fetch('/health', { headers })).json()) as Record<string, unknown>;
const put = (body: unknown, headers: Record<string, string>, path = '/log-level') =>
  web.fetch(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('/health', () => {
  it('tells anybody statuses and nothing else, with a wrong credential too', async () => {
    const nobody: Headers[] = [{}, { authorization: 'Bearer ms_wrong' }, { cookie: 'mainspring_session=wrong' }];
    for (const headers of nobody) {
      const answer = await healthOf(headers);
      expect(Object.keys(answer).sort()).toEqual(['components', 'status']);
      for (const component of Object.values(answer.components as object))
        expect(Object.keys(component)).toEqual(['status']);
      expect(Object.keys(answer.components as object)).toEqual([
        ...['database', 'scheduler', 'runner', 'publisher', 'alerts'],
      ]);
    }
  });

  it("tells a tenant's key and people its own failed pipelines, and ages", async () => {
    const ofTenant: Headers[] = [{ authorization: `Bearer ${key}` }, { cookie: adminCookie }];
    for (const headers of ofTenant) {
      const answer = await healthOf(headers);
      expect(answer.failed_pipelines).toEqual(['fails-at-mine']);
      expect(answer.components).toMatchObject({ runner: { ageSeconds: null } });
    }
  });

  it('tells the instance operator of all tenants', async () => {
    for (const headers of operators())
      expect((await healthOf(headers)).failed_pipelines).toEqual(['mine/fails-at-mine', 'theirs/fails-at-theirs']);
  });

  it('leaves the process ready although pipelines failed', async () => {
    expect((await web.fetch('/readyz')).status).toBe(200);
    expect((await web.fetch('/livez')).status).toBe(200);
  });
});

describe('/metrics and /log-level', () => {
  const paths = ['/metrics', '/log-level'];

  it.each(paths)('%s are for METRICS_TOKEN and the instance operator alone', async (path) => {
    const none: Headers[] = [
      {},
      { authorization: `Bearer ${key}` },
      { cookie: adminCookie },
      { authorization: 'Bearer wrong' },
    ];
    for (const headers of none) expect((await web.fetch(path, { headers })).status).toBe(401);
    for (const headers of operators()) expect((await web.fetch(path, { headers })).status).toBe(200);
  });

  it('cannot be changed by another site in the operator’s browser', async () => {
    const foreign = { cookie: operatorCookie, origin: 'https://evil.example' };
    expect((await put({ level: 'debug' }, foreign)).status).toBe(403);
    const form = { cookie: operatorCookie, origin: web.baseUrl, 'content-type': 'text/plain' };
    expect((await put({ level: 'debug' }, form)).status).toBe(400);
    expect((await put({ level: 'debug' }, { cookie: operatorCookie, origin: web.baseUrl })).status).toBe(200);
    await put({ level: null }, operator);
  });

  it('need no token on the private port', async () => {
    const server = await listen(privateApp({ log, pool: db.worker, isAlive: () => true }), {
      host: '127.0.0.1',
      port: 0,
    });
    const base = `http://127.0.0.1:${server.port}`;
    for (const path of [...paths, '/health', '/livez', '/readyz'])
      expect([path, (await fetch(base + path)).status]).toEqual([path, 200]);
    await server.close();
  });
});

describe('a log level', () => {
  it('is followed by the process it is set for, told in its log, in the audit log, and ends by itself', async () => {
    await beats.runOnce();
    const answer = await put({ scope: 'web-1', level: 'debug', ttlSeconds: 60 }, operator);
    expect(await answer.json()).toMatchObject({
      overrides: [{ scope: 'web-1', level: 'debug', setBy: 'system:metrics-token' }],
    });
    await beats.runOnce();
    expect(log.level).toBe('debug');
    expect(lines.at(-1)).toMatchObject({ level: 'warn', msg: 'the log level changes', from: 'info', to: 'debug' });
    const shown = (await (await web.fetch('/log-level', { headers: operator })).json()) as { processes: unknown[] };
    expect(shown.processes).toEqual([{ id: 'web-1', tier: 'web', base: 'info', effective: 'debug' }]);
    await db.owner`update log_levels set until = now() - interval '1 second'`;
    await beats.runOnce();
    expect(log.level).toBe('info');
    const rows = await db.owner<
      { details: unknown }[]
    >`select details from audit_log where action = 'log.level' order by id desc limit 1`;
    expect(rows[0]?.details).toEqual({ level: 'debug', ttlSeconds: 60 });
  });

  it('of the process goes before that of its tier, and that before everybody’s', async () => {
    for (const [scope, level] of [
      ['all', 'error'],
      ['web', 'warn'],
      ['web-1', 'trace'],
    ])
      await put({ scope, level }, operator);
    for (const [scope, level] of [
      ['web-1', 'trace'],
      ['web', 'warn'],
      ['all', 'error'],
    ]) {
      await beats.runOnce();
      expect(log.level).toBe(level);
      await put({ scope, level: null }, operator);
    }
    await beats.runOnce();
    expect(log.level).toBe('info');
  });

  it.each([
    ['an unknown level', { level: 'loud' }],
    ['an unknown process', { scope: 'nobody', level: 'debug' }],
    ['no end', { level: 'debug', ttlSeconds: 1_000_000 }],
    ['another field', { level: 'debug', forever: true }],
  ])('with %s is refused', async (_what, body) => {
    const answer = await put(body, operator);
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'INPUT_INVALID' })]);
  });
});
