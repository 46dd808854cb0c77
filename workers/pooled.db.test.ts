// An installation behind a transaction pooler: two workers whose statements share a few server connections.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool, type Pool } from '#db/client.ts';
import { roleNames } from '#db/roles.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction, warnOfPooler } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { createTenant, findTenantData } from '#server/tenancy/index.ts';
import { hasPgbouncer, type Pooler, SERVER_CONNECTIONS, startPgbouncer } from './testing/pgbouncer.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const EVENTS = 2_000;
const KEYS = 20;
const SCHEDULES = 20;
const AT_ONCE = 10;
const SOON = { timeout: 60_000, interval: 50 };

const db = await testDatabase();

describe.skipIf(!hasPgbouncer())('behind a transaction pooler', () => {
  const workers: WorkerProcess[] = [];
  let home: string;
  let outbox: string;
  let pooler: Pooler;
  let app: Pool;
  let tenant: Awaited<ReturnType<typeof createTenant>>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'mainspring-pooled-'));
    outbox = join(home, 'outbox');
    tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
    pooler = await startPgbouncer(db);
    app = openPool({ url: pooler.through(db.appUrl), max: AT_ONCE, applicationName: 'test', prepare: false });
    const env = {
      DATABASE_URL: pooler.through(db.ownerUrl),
      ...{ DATABASE_DIRECT_URL: db.ownerUrl, DATABASE_POOLED: '1', MAINSPRING_HOME: home, LOG_LEVEL: 'warn' },
      // No takeover on a machine that stands still for a while: nothing is sent twice then.
      ...{ OUTBOX_LEASE_MS: '60000', OUTBOX_POLL_INTERVAL_MS: '500', TICK_MAX_SLEEP_SECONDS: '1' },
      ...{ EVENT_PUBLISHER: 'file', OUTBOX_FILE_DIR: outbox },
    };
    const start = async (name: string) =>
      workers.push(await startWorker(db, { name, cronSecret: 'a-secret-of-this-test', filesDir: home, env }));
    const started = await Promise.allSettled([start('worker-1'), start('worker-2')]);
    for (const one of started) if (one.status === 'rejected') throw one.reason;
  }, 240_000);
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await app?.end({ timeout: 2 });
    await pooler?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const published = async () => {
    const files = await Promise.all((await readdir(outbox)).map((name) => readFile(join(outbox, name), 'utf8')));
    return files.flatMap((text) => text.split('\n').filter(Boolean)).map((line) => JSON.parse(line));
  };

  it('is said when the settings do not fit it, and not when they do', async () => {
    const [direct, pooled] = [db.workerUrl, pooler.through(db.workerUrl)];
    const lines: string[] = [];
    const log = pino({ level: 'warn', base: null }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
    // These say nothing, before the last one says two things.
    warnOfPooler(log, { url: pooled, directUrl: direct, isPooled: true });
    warnOfPooler(log, { url: direct, directUrl: direct, isPooled: false });
    warnOfPooler(log, { url: 'postgres://nobody@127.0.0.1:1/none', isPooled: false });
    await pause(500);
    expect(lines).toEqual([]);
    warnOfPooler(log, { url: pooled, directUrl: pooled, isPooled: false });
    await expect
      .poll(() => lines.toSorted(), SOON)
      .toEqual([
        expect.stringMatching(/^DATABASE_DIRECT_URL, .*own address/),
        expect.stringMatching(/^DATABASE_URL .*DATABASE_POOLED=1/),
      ]);
    for (const worker of workers) expect(worker.output()).not.toContain('goes through a pooler');
  });

  it('whose DATABASE_POOLED was forgotten, a worker says so', async () => {
    const env = {
      DATABASE_URL: pooler.through(db.ownerUrl),
      LOG_LEVEL: 'warn',
      MAINSPRING_HOME: home,
      OUTBOX_IN_WORKER: '0',
    };
    const worker = await startWorker(db, {
      name: 'worker-3',
      cronSecret: 'a-secret-of-this-test',
      filesDir: home,
      env,
    });
    workers.push(worker);
    await expect.poll(() => worker.output(), SOON).toMatch(/DATABASE_URL goes through a pooler/);
    await worker.kill();
  }, 180_000);

  it('lets the workers share the few connections that it has to the server, besides those that listen', async () => {
    const sessions = async () =>
      (
        await db.owner<{ n: number }[]>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and usename = ${roleNames(db.rolePrefix).worker} and application_name not in ('mainspring-listen', 'mainspring start')`
      )[0]?.n;
    expect(await sessions()).toBeLessThanOrEqual(SERVER_CONNECTIONS);
    expect(await sessions()).toBeGreaterThan(0);
  });

  it('publishes every event once, each key’s in order', async () => {
    let next = 0;
    const store = async (key: string) => {
      for (let n = 0; n < EVENTS / KEYS; n += 1)
        await transaction(app, { tenantId: tenant.id }, (tx) =>
          appendEvent(tx, { tenantId: tenant.id, type: 't.v1', key, payload: { n } }),
        );
    };
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < KEYS) {
          next += 1;
          await store(`k${next}`);
        }
      }),
    );
    const left = async () => (await db.owner`select from outbox_events where status <> 'published'`).length;
    await expect.poll(left, SOON).toBe(0);
    const sent = await published();
    expect(sent).toHaveLength(EVENTS);
    const inOrder = Array.from({ length: EVENTS / KEYS }, (_, n) => n);
    for (let key = 1; key <= KEYS; key += 1) {
      const ofKey = sent.filter((event) => event.key === `k${key}`);
      expect(ofKey.map((event) => event.payload.n)).toEqual(inOrder);
    }
  }, 180_000);

  it('fires what is due once, whoever ticks, and runs it', async () => {
    const ctx = {
      ...{ pool: app, tenant, actor: { kind: 'system', id: 'test' } as const, requestId: 'test' },
      log: createLogger({ level: 'error', tier: 'test' }),
    };
    const data = await transaction(db.owner, { tenantId: tenant.id }, (tx) => findTenantData(tx, tenant.id));
    await db.owner.unsafe(`set role "${data.roleName}"; create table "${data.schemaName}".numbers (n int primary key);
      insert into "${data.schemaName}".numbers select generate_series(1, 100); reset role`);
    for (let index = 0; index < SCHEDULES; index += 1) {
      const { id } = await createPipeline(ctx, { document: document(index) });
      await publishVersion(ctx, { id });
    }
    await db.owner`update schedules set next_fire_at = date_trunc('milliseconds', now()) + random() * interval '2 seconds'`;
    const ended = async () =>
      (await db.owner`select from runs where status = 'succeeded'`).length >= SCHEDULES &&
      (await db.owner`select from run_queue`).length === 0;
    await expect.poll(ended, SOON).toBe(true);
    const [ledger] = await db.owner`select count(*)::int as firing,
        (select count(*)::int from runs) as runs, (select count(distinct (schedule_id, scheduled_for))::int from runs) as "distinct",
        (select count(*)::int from runs where status <> 'succeeded') as others
      from occurrences where verdict in ('fired', 'late')`;
    expect(ledger).toEqual({ firing: ledger?.runs, runs: ledger?.distinct, distinct: ledger?.distinct, others: 0 });
    for (let index = 0; index < SCHEDULES; index += 1) {
      const runs = await db.owner.unsafe(
        `select run_id, count(*)::int as rows from "${data.schemaName}"."out_${index}" group by 1`,
      );
      expect(runs.length).toBeGreaterThanOrEqual(1);
      expect(new Set(runs.map(({ rows }) => rows))).toEqual(new Set([100]));
    }
  }, 180_000);
});

const document = (index: number) => ({
  ...{ kind: 'pipeline', version: '1.0', metadata: { name: `pooled-${index}` } },
  schedule: { kind: 'interval', minutes: 60 },
  nodes: [
    { id: 'numbers', kind: 'source', config: { type: 'table', table: 'numbers' } },
    {
      ...{ id: 'stamped', kind: 'derive', inputs: ['numbers'] },
      config: { columns: [{ name: 'run_id', expression: 'run.id::text' }] },
    },
    {
      id: 'out',
      kind: 'target',
      inputs: ['stamped'],
      config: { type: 'table', table: `out_${index}`, mode: 'append' },
    },
  ],
});
