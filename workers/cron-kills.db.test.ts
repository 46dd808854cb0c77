// Jobs of one statement, and the tick, killed before and after their commit, in real worker processes. Three kills of each here;
// `npm run chaos:cron` does twenty.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { addRows } from '#server/retention/testing/index.ts';
import { type Ctx, createTenant, findTenantData, type Tenant } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const KILLS = Number(process.env.CHAOS_KILLS ?? 3);
const EVENTS = 200;
const CRON_SECRET = 'a-cron-secret-for-this-test';
const db = await testDatabase();
const home = await mkdtemp(join(tmpdir(), 'mainspring-cron-kills-'));
const running: WorkerProcess[] = [];
let tenants: Tenant[];
let survivor: WorkerProcess;

beforeAll(async () => {
  tenants = [
    await createTenant(db.owner, { slug: 'acme', name: 'Acme' }),
    await createTenant(db.owner, { slug: 'blue', name: 'Blue' }),
  ];
  survivor = await start('survivor');
}, 180_000);
afterAll(async () => {
  await Promise.all(running.map((worker) => worker.kill()));
  await rm(home, { recursive: true, force: true });
});

async function start(name: string, env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorker(db, {
    ...{ name, cronSecret: CRON_SECRET, filesDir: home },
    env: { CRON_MODE: 'http', MAINSPRING_HOME: home, OUTBOX_IN_WORKER: 'false', CRON_LEASE_SECONDS: '3', ...env },
  });
  running.push(worker);
  return worker;
}
const call = (base: string, path: string) =>
  fetch(`${base}/api/v1/cron/${path}`, { method: 'POST', headers: { 'x-cron-secret': CRON_SECRET } });

type Subject = {
  job: string;
  path: string;
  prepare(): Promise<void>;
  /** How much of the work is done: of whole tenants, or of the one statement. */
  done(): Promise<number>;
  /** Where it is killed, and what must be done by then. */
  points: [point: string, done: number][];
  all: number;
};

const reaper: Subject = {
  ...{ job: 'outboxReaper', path: 'outbox-reaper', all: EVENTS },
  async prepare() {
    await db.owner`truncate outbox_events`;
    await db.owner`insert into testing.events (tenant_id, type, key, payload, status, claim_token, updated_at)
      select ${tenants[0]!.id}, 't.v1', 'k' || n, '{}', 'processing', 1, now() - interval '1 hour' from generate_series(1, ${EVENTS}) n`;
  },
  async done() {
    const rows = await db.owner<{ status: string; isFree: boolean; n: number }[]>`
      select status, claim_token is null as "isFree", count(*)::int as n from outbox_events group by 1, 2`;
    expect(rows.every(({ status, isFree }) => (status === 'pending') === isFree)).toBe(true);
    return rows.find(({ status }) => status === 'pending')?.n ?? 0;
  },
  points: [
    ['outboxReaper.reset', 0],
    ['outboxReaper.committed', EVENTS],
    ['outboxReaper.claimed', 0],
    ['outboxReaper.before-finish', EVENTS],
  ],
};

const engagement: Subject = {
  ...{ job: 'engagementHealthRecompute', path: 'engagement-health-recompute', all: 2 },
  async prepare() {
    await db.owner`truncate engagement_scores, engagement_settings, interaction_history`;
    for (const [n, tenant] of tenants.entries())
      for (let customer = 0; customer < 5; customer += 1)
        await addRows(db, tenant, { customerId: `c${customer}`, ageDays: customer * 10, count: n + 2 });
  },
  async done() {
    const rows = await db.owner<{ isWhole: boolean; isOld: boolean }[]>`
      select count(s.*) = count(*) and sum(s.interactions_90_days) = sum(i.n) as "isWhole", count(s.*) = 0 as "isOld"
      from (select tenant_id, customer_id, count(*) as n from interaction_history group by 1, 2) i
      left join engagement_scores s using (tenant_id, customer_id) group by tenant_id`;
    expect(rows.every(({ isWhole, isOld }) => isWhole || isOld)).toBe(true);
    return rows.filter(({ isWhole }) => isWhole).length;
  },
  points: [
    ['engagementHealthRecompute.computed:2', 1],
    ['engagementHealthRecompute.computed', 0],
    ['engagementHealthRecompute.committed:2', 2],
    ['engagementHealthRecompute.committed', 1],
    ['engagementHealthRecompute.claimed', 0],
    ['engagementHealthRecompute.before-finish', 2],
  ],
};

test.each([reaper, engagement])(
  'a run of $job that is killed anywhere leaves it done or undone, and one more does the rest',
  {
    timeout: (KILLS + 2) * 120_000,
  },
  async ({ job, path, prepare, done, points, all }) => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await db.owner`truncate cron_jobs, cron_runs`;
      await prepare();
      const [point, byThen] = points[kill % points.length]!;
      const victim = await start(`${job}-${kill}`, { FAIL_POINT: point });
      // Its connection breaks off: the process has killed itself.
      await expect(call(victim.url, path), point).rejects.toThrow();
      expect([point, await outcomes(job)]).toEqual([point, ['running']]);
      // What was sent may still be carried out for a moment after the kill.
      await expect.poll(async () => [point, await done()], { timeout: 30_000 }).toEqual([point, byThen]);
      // One who comes while the lease lasts is told so, or bears company; the first after it takes the run over.
      await expect
        .poll(() => call(survivor.url, path).then(() => outcomes(job)), { timeout: 90_000 })
        .toEqual(['abandoned', 'succeeded']);
      expect([point, await done()]).toEqual([point, all]);
    }
  },
);

const outcomes = async (job: string) =>
  (await db.owner<{ outcome: string }[]>`select outcome from cron_runs where job = ${job} order by started_at`).map(
    ({ outcome }) => outcome,
  );

const SCHEDULES = 20;
const TICK_POINTS: [point: string, runs: number][] = [
  ['flowSchedulerTick.fired', 0],
  ['flowSchedulerTick.committed', SCHEDULES],
];

/** Live pipelines of a tenant's own that have been due for a second, and are not again. */
async function prepareDue(slug: string): Promise<Tenant> {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const { roleName, schemaName } = await transaction(db.owner, { tenantId: tenant.id }, (tx) =>
    findTenantData(tx, tenant.id),
  );
  await db.owner.unsafe(`set role "${roleName}"; create table "${schemaName}".numbers (n int primary key); reset role`);
  const actor = { kind: 'system', id: 'test' } as const;
  const log = createLogger({ level: 'silent', tier: 'test' });
  const ctx: Ctx = { pool: db.app, tenant, actor, requestId: slug, log };
  for (let index = 0; index < SCHEDULES; index += 1) {
    const document = {
      ...{ kind: 'pipeline', version: '1.0', metadata: { name: `due-${index}` } },
      // By itself it fires on no day of the test.
      schedule: { kind: 'cron', expression: '0 0 29 2 *', timezone: 'UTC' },
      nodes: [
        { id: 'numbers', kind: 'source', config: { type: 'table', table: 'numbers' } },
        {
          id: 'out',
          kind: 'target',
          inputs: ['numbers'],
          config: { type: 'table', table: `out_${index}`, mode: 'append' },
        },
      ],
    };
    await publishVersion(ctx, { id: (await createPipeline(ctx, { document })).id });
  }
  await db.owner`update schedules set next_fire_at = date_trunc('milliseconds', now()) - interval '1 second'
    where tenant_id = ${tenant.id}`;
  return tenant;
}

const runsOf = async ({ id }: Tenant) =>
  (await db.owner<{ n: number }[]>`select count(*)::int as n from runs where tenant_id = ${id}`)[0]!.n;

test('a tick that is killed before or after its commit fires nothing or all, and the next fires what is left, once', {
  timeout: (KILLS + 2) * 120_000,
}, async () => {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const [point, byThen] = TICK_POINTS[kill % TICK_POINTS.length]!;
    const victim = await start(`tick-${kill}`, { FAIL_POINT: point });
    const tenant = await prepareDue(`tick-${kill}`);
    await expect(call(victim.url, 'flow-scheduler-tick'), point).rejects.toThrow();
    // Its transaction may hold the tick's lock for a moment after the kill.
    await expect
      .poll(() => call(survivor.url, 'flow-scheduler-tick').then((answer) => answer.json()), { timeout: 60_000 })
      .toMatchObject({ ok: true, skipped: false, fired: SCHEDULES - byThen });
    expect(await (await call(survivor.url, 'flow-scheduler-tick')).json()).toMatchObject({ fired: 0 });
    expect([point, await runsOf(tenant)]).toEqual([point, SCHEDULES]);
    const ledger = await db.owner`
      select count(distinct (o.schedule_id, o.due_at))::int as instants, count(distinct r.id)::int as runs,
        bool_and(o.verdict in ('fired', 'late') and r.schedule_id = o.schedule_id and r.scheduled_for = o.due_at) as "isRight"
      from occurrences o left join runs r on r.tenant_id = o.tenant_id and r.id = o.run_id where o.tenant_id = ${tenant.id}`;
    expect([...ledger]).toEqual([{ instants: SCHEDULES, runs: SCHEDULES, isRight: true }]);
  }
});
