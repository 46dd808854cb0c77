// The live channel over real HTTP: who may listen, what is told, and what listening costs.
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, hashToken } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { createLiveHub } from '#server/web/index.ts';
import { makeKey, makeSession, openWeb } from './testing/index.ts';

const DEADLINE_MS = 20_000;
const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
/** Statements that reached the database through the hub's own pool. */
const statements: string[] = [];
const APPLICATION = 'live channel under test';
const pool = postgres(db.appUrl, {
  max: 4,
  onnotice: () => {},
  connection: { application_name: APPLICATION },
  debug: (_connection, text) => statements.push(text),
});
const live = createLiveHub({
  pool,
  log,
  sessionIdleSeconds: 3_600,
  pollMs: 100,
  sessionCheckMs: 200,
  maxPerSession: 3,
});
const web = await openWeb(db, { live });
afterAll(async () => {
  live.close();
  await pool.end({ timeout: 2 });
});

let acme: Tenant;
let globex: Tenant;
beforeAll(async () => {
  acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  globex = await createTenant(db.owner, { slug: 'globex', name: 'Globex' });
});

/** A page that listens: what it was told, and whether the server has closed it. */
async function listen(cookie: string) {
  const abort = new AbortController();
  const response = await web.fetch('/live', { headers: { cookie }, signal: abort.signal });
  expect(response.status).toBe(200);
  const events: { event: string; data: { topics?: string[]; reason?: string } }[] = [];
  let isClosed = false;
  const reading = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const [, event = '', data = '{}'] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
        events.push({ event, data: JSON.parse(data) });
      }
    }
    isClosed = true;
  })().catch(() => {
    isClosed = true;
  });
  return {
    response,
    topics: () => events.flatMap(({ data }) => data.topics ?? []),
    reason: () => events.find(({ event }) => event === 'end')?.data.reason,
    isReady: () => events[0]?.event === 'ready',
    isClosed: () => isClosed,
    async close() {
      abort.abort();
      await reading;
    },
  };
}

const eventually = (check: () => unknown) => expect.poll(check, { timeout: DEADLINE_MS, interval: 20 });
/** Two looks have begun and ended since: the first of them saw what was committed before. */
async function untilLooked() {
  const before = looksSoFar();
  await eventually(() => looksSoFar()).toBeGreaterThanOrEqual(before + 2);
}
const looksSoFar = () => statements.filter((text) => text.includes('as actions')).length;
const audit = (tenant: Tenant, action: string) =>
  db.owner`insert into audit_log (tenant_id, actor_kind, actor_id, action) values (${tenant.id}, 'user', 'x', ${action})`;

describe('GET /live', () => {
  it('tells of a change in the tenant, by topic, and to nobody of another tenant', async () => {
    const [ours, theirs] = await Promise.all([
      makeSession(db, acme).then(listen),
      makeSession(db, globex).then(listen),
    ]);
    expect(ours.response.headers.get('content-type')).toContain('text/event-stream');
    expect(ours.response.headers.get('cache-control')).toBe('no-store');
    // Who is told that it listens misses nothing from then on.
    await eventually(() => ours.isReady() && theirs.isReady()).toBe(true);
    await audit(acme, 'pipeline.pause');
    await eventually(ours.topics).toEqual(expect.arrayContaining(['audit', 'pipelines', 'schedules']));
    await untilLooked();
    expect(theirs.topics()).not.toContain('pipelines');
    await ours.close();
    await theirs.close();
  });

  it('tells of a run that is queued, changes and ends, though none of it writes an audit row', async () => {
    const page = await listen(await makeSession(db, acme));
    await untilLooked();
    const told = () => page.topics().filter((topic) => topic === 'runs').length;
    const [run] = await db.owner<{ run_id: string }[]>`
      insert into run_queue (run_id, tenant_id, pipeline_id) values (ms_uuid(), ${acme.id}, ms_uuid()) returning run_id`;
    await eventually(told).toBe(1);
    await db.owner`update run_queue set progress = '{"rowsRead": 5}' where run_id = ${run!.run_id}`;
    await eventually(told).toBe(2);
    await db.owner`delete from run_queue where run_id = ${run!.run_id}`;
    await eventually(told).toBe(3);
    await page.close();
  });

  it('tells of each point of the outbox while something waits, though nothing comes and nothing goes', async () => {
    const page = await listen(await makeSession(db, acme));
    await untilLooked();
    const told = () => page.topics().filter((topic) => topic === 'outbox').length;
    for (let point = 1; point <= 2; point += 1) {
      await db.owner`insert into outbox_depth (tenant_id, at, pending, processing, failed)
        values (${acme.id}, now() + make_interval(secs => ${point}), 1, 0, 0)`;
      await eventually(told).toBe(point);
    }
    await page.close();
  });

  it('tells of a change whose row has a smaller id than one that was seen before it', async () => {
    const page = await listen(await makeSession(db, acme));
    await untilLooked();
    await db.owner.begin(async (tx) => {
      await tx`insert into audit_log (tenant_id, actor_kind, actor_id, action) values (${acme.id}, 'user', 'x', 'late.one')`;
      await audit(acme, 'early.one');
      await eventually(page.topics).toContain('early');
    });
    await eventually(page.topics).toContain('late');
    await page.close();
  });

  it('tells of a stop of the tenant and of the whole installation, and of their end', async () => {
    const page = await listen(await makeSession(db, acme));
    await untilLooked();
    const told = () => page.topics().filter((topic) => topic === 'stops').length;
    await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
      values (${acme.id}, 'r', 'leave', false, 'x')`;
    await eventually(told).toBe(1);
    await db.owner`insert into instance_stops (reason, running, holds_publishing, stopped_by)
      values ('r', 'leave', false, 'x')`;
    await eventually(told).toBe(2);
    await db.owner`update instance_stops set resumed_at = now()`;
    await db.owner`update tenant_stops set resumed_at = now()`;
    await eventually(told).toBeGreaterThanOrEqual(3);
    await page.close();
  });

  it('looks at a tenant once for thirty pages, and not at all when nobody listens', async () => {
    const cookies = await Promise.all(Array.from({ length: 30 }, () => makeSession(db, acme)));
    const pages = await Promise.all(cookies.map(listen));
    await eventually(() => pages.every((page) => page.isReady())).toBe(true);
    await untilLooked();
    const before = statements.length;
    const looksBefore = looksSoFar();
    await eventually(() => looksSoFar() - looksBefore).toBeGreaterThanOrEqual(10);
    const looks = looksSoFar() - looksBefore;
    // begin, settings, probes and commit a look; the same for a check of all sessions, at most one a look.
    expect(statements.length - before).toBeLessThanOrEqual((looks + 1) * 8);
    await Promise.all(pages.map((page) => page.close()));
    // Closed sockets are noticed a moment later; from then on nothing asks the database.
    let last = -1;
    await expect
      .poll(
        () => {
          const isQuiet = statements.length === last;
          last = statements.length;
          return isQuiet;
        },
        { timeout: DEADLINE_MS, interval: 500 },
      )
      .toBe(true);
  });

  it('ends when the session is revoked, expires with its user, or moves to another tenant', async () => {
    const [revoked, disabled, moved] = await Promise.all([
      makeSession(db, acme),
      makeSession(db, acme),
      makeSession(db, acme),
    ]);
    const pages = await Promise.all([revoked, disabled, moved].map(listen));
    const hash = (cookie: string) => hashToken(cookie.split('=')[1]!);
    await db.owner`update sessions set revoked_at = now() where token_hash = ${hash(revoked)}`;
    await db.owner`update users set disabled_at = now()
      where id = (select user_id from sessions where token_hash = ${hash(disabled)})`;
    await db.owner`insert into memberships (tenant_id, user_id, role)
      select ${globex.id}, user_id, 'viewer' from sessions where token_hash = ${hash(moved)}`;
    await db.owner`update sessions set tenant_id = ${globex.id} where token_hash = ${hash(moved)}`;
    await eventually(() => pages.map((page) => page.reason())).toEqual(['session', 'session', 'tenant']);
    await eventually(() => pages.every((page) => page.isClosed())).toBe(true);
  });

  it('is no sign of its person: an open page neither keeps a session awake nor outlives its idle time-out', async () => {
    const cookie = await makeSession(db, acme);
    const hash = hashToken(cookie.split('=')[1]!);
    const seen = async (minutesAgo: number) => {
      const [row] = await db.owner<{ at: Date }[]>`
        update sessions set last_seen_at = now() - make_interval(mins => ${minutesAgo}) where token_hash = ${hash}
        returning last_seen_at as at`;
      return row!.at;
    };
    const checks = () => statements.filter((text) => text.includes('auth_session')).length;
    const long = await seen(50);
    const page = await listen(cookie);
    const before = checks();
    await eventually(checks).toBeGreaterThanOrEqual(before + 2);
    const [row] = await db.owner`select last_seen_at as at from sessions where token_hash = ${hash}`;
    expect(row?.at).toEqual(long);
    await seen(61);
    await eventually(page.reason).toBe('session');
    expect((await web.fetch('/live', { headers: { cookie } })).status).toBe(401);
    await page.close();
  });

  it('lets the oldest page of a session go when it opens too many', async () => {
    const cookie = await makeSession(db, acme);
    const pages: Awaited<ReturnType<typeof listen>>[] = [];
    for (let n = 0; n < 4; n += 1) pages.push(await listen(cookie));
    await eventually(() => pages.map((page) => page.reason())).toEqual(['replaced', undefined, undefined, undefined]);
    await Promise.all(pages.map((page) => page.close()));
  });

  it.each<[string, () => Promise<Record<string, string>>, number, string]>([
    ['nobody', async () => ({}), 401, 'UNAUTHENTICATED'],
    ['a cookie that is none', async () => ({ cookie: 'mainspring_session=nonsense' }), 401, 'UNAUTHENTICATED'],
    ['a key', async () => ({ authorization: `Bearer ${await makeKey(db, acme)}` }), 401, 'UNAUTHENTICATED'],
    [
      'a page of another site',
      async () => ({ cookie: await makeSession(db, acme), 'sec-fetch-site': 'cross-site' }),
      403,
      'CROSS_SITE',
    ],
  ])('is closed to %s', async (_who, headers, status, code) => {
    const response = await web.fetch('/live', { headers: await headers() });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
  });

  it('goes on after the database was away', async () => {
    const page = await listen(await makeSession(db, acme));
    await untilLooked();
    await db.owner`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = ${APPLICATION} and datname = current_database()`;
    await audit(acme, 'pipeline.save');
    await eventually(page.topics).toContain('pipelines');
    await page.close();
  });

  it('of one tenant that cannot be looked at silences nobody else’s, and is told again afterwards', async () => {
    const between = await createTenant(db.owner, { slug: 'between', name: 'Between' });
    // Tenants are looked at in the order in which they came, two at a time: the last stands behind the broken one.
    const [broken, second, third] = await Promise.all([acme, between, globex].map((tenant) => makeSession(db, tenant)));
    const ours = await listen(broken!);
    const pages = [await listen(second!), await listen(third!)];
    await eventually(() => [ours, ...pages].every((page) => page.isReady())).toBe(true);
    await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id) values (ms_uuid(), ${acme.id}, ms_uuid())`;
    await db.owner.unsafe(`create function under_seal() returns boolean language plpgsql as
      $$ begin raise exception 'this queue is under seal'; end $$`);
    await db.owner.unsafe(`create policy sealed on run_queue as restrictive for select
      using (tenant_id <> '${acme.id}' or under_seal())`);
    await audit(acme, 'alert.create');
    await audit(between, 'alert.create');
    await audit(globex, 'alert.create');
    for (const page of pages) await eventually(page.topics).toContain('alert');
    expect(ours.topics()).not.toContain('alert');
    expect(ours.reason()).toBeUndefined();
    await db.owner`drop function under_seal cascade`;
    await eventually(ours.topics).toContain('alert');
    await db.owner`delete from run_queue`;
    await Promise.all([ours, ...pages].map((page) => page.close()));
  });

  it('lets the server close while pages listen', async () => {
    const hub = createLiveHub({ pool, log, sessionIdleSeconds: 3_600 });
    const other = await openWeb(db, { live: hub });
    const response = await other.fetch('/live', { headers: { cookie: await makeSession(db, acme) } });
    hub.close();
    expect(await response.text()).toContain('event: end\ndata: {"reason":"shutdown"}');
  });
});
