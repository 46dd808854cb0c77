// An installation behind a transaction pooler: two workers whose statements share a few server connections.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool, type Pool } from '#db/client.ts';
import { roleNames } from '#db/roles.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, poolerProblems, transaction } from '#server/lib/index.ts';
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

describe.skipIf(!hasPgbouncer())('behind a transaction pooler', async () => {
  const db = await testDatabase();
  const home = await mkdtemp(join(tmpdir(), 'mainspring-pooled-'));
  const outbox = join(home, 'outbox');
  const workers: WorkerProcess[] = [];
  let pooler: Pooler;
  let app: Pool;
  let tenant: Awaited<ReturnType<typeof createTenant>>;

  beforeAll(async () => {
    tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
    pooler = await startPgbouncer(db);
    app = openPool({ url: pooler.through(db.appUrl), max: AT_ONCE, applicationName: 'test', prepare: false });
    const env = {
      DATABASE_URL: pooler.through(db.ownerUrl),
      ...{ DATABASE_DIRECT_URL: db.ownerUrl, DATABASE_POOLED: '1', MAINSPRING_HOME: home },
      ...{
        EVENT_PUBLISHER: 'file',
        OUTBOX_FILE_DIR: outbox,
        OUTBOX_POLL_INTERVAL_MS: '500',
        TICK_MAX_SLEEP_SECONDS: '1',
      },
    };
    const start = (name: string) => startWorker(db, { name, cronSecret: 'a-secret-of-this-test', filesDir: home, env });
    workers.push(...(await Promise.all([start('worker-1'), start('worker-2')])));
  });
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
    expect(await poolerProblems({ url: pooled, directUrl: direct, isPooled: true })).toEqual([]);
    expect(await poolerProblems({ url: direct, directUrl: direct, isPooled: false })).toEqual([]);
    expect(await poolerProblems({ url: pooled, isPooled: false })).toEqual([
      expect.stringMatching(/^DATABASE_URL .*DATABASE_POOLED=1/),
    ]);
    expect(await poolerProblems({ url: pooled, directUrl: pooled, isPooled: true })).toEqual([
      expect.stringMatching(/^DATABASE_DIRECT_URL,/),
    ]);
    expect(await poolerProblems({ url: pooled, directUrl: pooled, isPooled: false })).toHaveLength(2);
  });

  it('lets the workers share the few connections that it has to the server, besides those that listen', async () => {
    const sessions = async () =>
      (
        await db.owner<{ n: number }[]>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and usename = ${roleNames(db.rolePrefix).worker} and application_name <> 'mainspring-listen'`
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
  });

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
  });
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
