// An emergency stop: scheduler, claim and publisher each do nothing new for whoever is stopped, and go on for others.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { Policies } from '#server/ir/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent, LANES, publishLane, returnLanes, takeLanes } from '#server/outbox/index.ts';
import { claimRuns } from '#server/runs/index.ts';
import { copyTable, openWorkshop, type Workshop } from '#server/runs/testing/index.ts';
import { tick } from '#server/scheduler/index.ts';
import { type Ctx, INSTALLATION } from '#server/tenancy/index.ts';
import { resumeInstance, resumeTenant, stopInstance, stopState, stopTenant } from './stop-work.ts';

const db = await testDatabase();
const mine = await openWorkshop(db, 'mine');
const theirs = await openWorkshop(db, 'theirs');
const instance: Ctx = { ...mine.ctx, tenant: INSTALLATION };
const pipelines = new Map<Workshop, string>();

for (const shop of [mine, theirs]) {
  await shop.sql('create table a (n int); insert into a values (1); create table b (n int)');
  const policies = { overlap: 'allow_all', maxConcurrentRuns: 5 };
  pipelines.set(shop, await shop.pipeline('copy', { nodes: copyTable('a', 'b'), policies }));
}

beforeEach(async () => {
  await db.owner`truncate run_queue, occurrences, outbox_events, schedules`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
});
afterEach(async () => {
  await db.owner`update tenant_stops set resumed_at = now() where resumed_at is null`;
  await db.owner`update instance_stops set resumed_at = now() where resumed_at is null`;
});

const asked = (more: Partial<Parameters<typeof stopTenant>[1]> = {}) => ({
  ...{ reason: 'the disk is full', running: 'leave' as const, holdPublishing: false },
  ...more,
});
const start = (shop: Workshop) => shop.start(pipelines.get(shop)!);
const claimed = async () => {
  const runs = await claimRuns(db.worker, { runner: 'test', limit: 10, leaseMs: 30_000 });
  return runs.map((run) => run.tenantId);
};
const EVERY_FIVE = JSON.stringify({ kind: 'interval', minutes: 5, phaseMinutes: 0 });
/** The last instant of the grid. */
const dueAt = () => new Date(Math.floor(Date.now() / 300_000) * 300_000).toISOString();
/** One schedule of each tenant, due a moment ago. */
const makeDue = async (policies: object = { overlap: 'allow_all' }) => {
  for (const shop of [mine, theirs])
    await db.owner.unsafe(
      `insert into schedules (tenant_id, pipeline_id, version, max_attempts, schedule, policies, next_fire_at)
        values ($1, $2, 1, 1, $3::text::jsonb, $4::text::jsonb, $5::timestamptz)`,
      [shop.tenant.id, pipelines.get(shop)!, EVERY_FIVE, JSON.stringify(Policies.parse(policies)), dueAt()],
    );
};
const ledger = (shop: Workshop) => db.owner<{ verdict: string; reason: string }[]>`
  select verdict, reason from occurrences where tenant_id = ${shop.tenant.id}`;
const doTick = () => tick({ pool: db.worker, log: mine.deps.log, processId: 'test' });

const append = (shop: Workshop, key: string) =>
  transaction(db.app, { tenantId: shop.tenant.id }, (tx) =>
    appendEvent(tx, { tenantId: shop.tenant.id, type: 'a.b.v1', key, payload: {} }),
  );
/** Publishes all that may be published, and says whose it was. */
async function publishAll(): Promise<string[]> {
  const seen: string[] = [];
  const publisher = {
    backend: 'test',
    async publish(events: readonly { tenantId: string }[]) {
      seen.push(...events.map((event) => event.tenantId));
      return events.map(() => ({ kind: 'published' }) as const);
    },
    async close() {},
  };
  const holds = await takeLanes(db.worker, { owner: 'test', leaseMs: 10_000, limit: LANES, held: [] });
  const options = {
    ...{ leaseMs: 10_000, batchSize: 100, maxAttempts: 2, isSweep: true },
    signal: new AbortController().signal,
  };
  for (const hold of holds) await publishLane({ pool: db.worker, publisher }, hold, options);
  await returnLanes(db.worker, holds);
  return seen.sort();
}

describe.each([
  ['of a tenant', () => stopTenant(mine.ctx, asked()), () => resumeTenant(mine.ctx), false],
  ['of the installation', () => stopInstance(instance, asked()), () => resumeInstance(instance), true],
] as const)('a stop %s', (_whose, stop, resume, isForAll) => {
  const others = () => (isForAll ? [] : [theirs.tenant.id]);

  it('lets nothing that waits be claimed until it is resumed, and everybody else go on', async () => {
    await start(mine);
    await start(theirs);
    await stop();
    expect(await claimed()).toEqual(others());
    await resume();
    expect((await claimed()).sort()).toEqual(isForAll ? [mine.tenant.id, theirs.tenant.id].sort() : [mine.tenant.id]);
  });

  it('fires nothing; the ledger says why, also where a pause would keep what falls due', async () => {
    await makeDue({ overlap: 'allow_all', onPause: 'queue' });
    await stop();
    await doTick();
    const reason = expect.stringMatching(/^emergency stop since .*Z: the disk is full$/);
    expect([...(await ledger(mine))]).toEqual([{ verdict: 'skipped_paused', reason }]);
    expect((await ledger(theirs)).map((row) => row.verdict)).toEqual([isForAll ? 'skipped_paused' : 'fired']);
    // It is decided: the next tick has nothing to do, and none runs hot.
    expect(await doTick()).toMatchObject({ due: 0, fired: 0 });
  });

  it('refuses runs by hand with its reason, and says who stopped what since when', async () => {
    await stop();
    await expect(start(mine)).rejects.toMatchObject({ code: 'WORK_STOPPED', message: expect.stringContaining('disk') });
    const state = await stopState(mine.ctx);
    expect(state[isForAll ? 'instance' : 'tenant']).toMatchObject({
      ...{ reason: 'the disk is full', running: 'leave', holdsPublishing: false, stoppedBy: 'system:test' },
    });
    if (isForAll) await expect(start(theirs)).rejects.toMatchObject({ code: 'WORK_STOPPED' });
    else expect((await stopState(theirs.ctx)).tenant).toBeNull();
    await resume();
    expect(await stopState(mine.ctx)).toEqual({ tenant: null, instance: null });
    await start(mine);
  });

  it('lets events go out', async () => {
    await append(mine, 'k');
    await stop();
    expect(await publishAll()).toEqual([mine.tenant.id]);
  });
});

describe('a stop that holds publishing', () => {
  it('keeps the events of its tenant, in order and none forgotten, while those of others behind them go out', async () => {
    await append(mine, 'k');
    for (const key of ['k', 'l', 'm', 'n']) await append(theirs, key);
    await stopTenant(mine.ctx, asked({ holdPublishing: true }));
    expect(await publishAll()).toEqual([1, 2, 3, 4].map(() => theirs.tenant.id));
    await append(mine, 'k');
    expect(await publishAll()).toEqual([]);
    await resumeTenant(mine.ctx);
    expect(await publishAll()).toEqual([mine.tenant.id, mine.tenant.id]);
    expect(await publishAll()).toEqual([]);
  });

  it('of the installation keeps all of them', async () => {
    await append(mine, 'k');
    await append(theirs, 'l');
    await stopInstance(instance, asked({ holdPublishing: true }));
    expect(await publishAll()).toEqual([]);
    await resumeInstance(instance);
    expect(await publishAll()).toEqual([mine.tenant.id, theirs.tenant.id].sort());
  });
});

describe('a stop that cancels', () => {
  it('tells what runs to end, of its tenant alone, and leaves what waits', async () => {
    await start(mine);
    await start(theirs);
    await claimed();
    await start(mine);
    expect(await stopTenant(mine.ctx, asked({ running: 'cancel' }))).toMatchObject({ cancelling: 1 });
    const rows =
      await db.owner`select tenant_id, claimed_by is not null as claimed, cancel_requested_at is not null as told
      from run_queue order by claimed desc, told desc`;
    expect([...rows]).toEqual([
      { tenant_id: mine.tenant.id, claimed: true, told: true },
      { tenant_id: theirs.tenant.id, claimed: true, told: false },
      { tenant_id: mine.tenant.id, claimed: false, told: false },
    ]);
    expect(await stopInstance(instance, asked({ running: 'cancel' }))).toMatchObject({ cancelling: 1 });
  });

  it('ends a run that its runner holds', async () => {
    const runId = await start(mine);
    const held = await mine.claim({ leaseMs: 3_000 });
    expect(held.runId).toBe(runId);
    await stopTenant(mine.ctx, asked({ running: 'cancel' }));
    expect(await mine.executeBeating(held, { leaseMs: 3_000 })).toMatchObject({ end: 'cancelled' });
  });
});

describe('a stop in the audit log', () => {
  it('is told with its reason and who did it, and so is its end', async () => {
    await stopTenant(mine.ctx, asked({ reason: 'a test of the log' }));
    await stopTenant(mine.ctx, asked({ reason: 'still a test' }));
    await resumeTenant(mine.ctx);
    await resumeTenant(mine.ctx);
    const rows = await db.owner<{ action: string; reason: string | null }[]>`
      select action, details ->> 'reason' as reason from audit_log
      where tenant_id = ${mine.tenant.id} and action like 'work.%' order by id desc limit 3`;
    expect([...rows].reverse()).toEqual([
      { action: 'work.stop', reason: 'a test of the log' },
      { action: 'work.stop', reason: 'still a test' },
      { action: 'work.resume', reason: null },
    ]);
  });
});
