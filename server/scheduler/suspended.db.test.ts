// A suspended tenant's schedules rest as if all were paused, and its queue is not claimed; everybody else goes on.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { Policies } from '#server/ir/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent, LANES, publishLane, returnLanes, takeLanes } from '#server/outbox/index.ts';
import { claimRuns, getRun } from '#server/runs/index.ts';
import { copyTable, openWorkshop, type Workshop } from '#server/runs/testing/index.ts';
import { msToNextDue, tick } from './index.ts';

const db = await testDatabase();
const mine = await openWorkshop(db, 'mine');
const theirs = await openWorkshop(db, 'theirs');
const pipelines = new Map<Workshop, string>();
for (const shop of [mine, theirs]) {
  await shop.sql('create table a (n int); insert into a values (1); create table b (n int)');
  const policies = { overlap: 'allow_all', maxConcurrentRuns: 5 };
  pipelines.set(shop, await shop.pipeline('copy', { nodes: copyTable('a', 'b'), policies }));
}

/** null: active again. As the instance operator's operation does it. */
const suspend = (reason: string | null) =>
  db.app`select instance_tenant_suspend(${mine.tenant.id}, ${reason}, 'user:root')`;

beforeEach(async () => {
  await db.owner`truncate run_queue, occurrences, outbox_events, schedules`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
});
afterEach(() => suspend(null));

const at = (time: string) => new Date(`2026-03-10T${time}:00Z`);
/** A schedule of every ten minutes, due at 10:00. */
const makeDue = (shop: Workshop, policies: object = {}, pipelineId = pipelines.get(shop)!) =>
  db.owner.unsafe(
    `insert into schedules (tenant_id, pipeline_id, version, max_attempts, schedule, policies, next_fire_at)
      values ($1, $2, 1, 1, '{"kind": "interval", "minutes": 10, "phaseMinutes": 0}', $3::text::jsonb, $4::timestamptz)`,
    [
      ...[shop.tenant.id, pipelineId],
      ...[JSON.stringify(Policies.parse({ overlap: 'allow_all', ...policies })), at('10:00').toISOString()],
    ],
  );
const tickAt = (time: string, batchSize = 1_000) =>
  tick({ pool: db.worker, log: mine.deps.log, processId: 'test', batchSize, clock: { now: async () => at(time) } });
const ledger = async (shop: Workshop) => {
  const rows = await db.owner<{ line: string }[]>`
    select to_char(due_at at time zone 'UTC', 'HH24:MI') || ' ×' || count || ' ' || verdict as line
    from occurrences where tenant_id = ${shop.tenant.id} order by due_at`;
  return rows.map((row) => row.line);
};
const claimed = async () =>
  (await claimRuns(db.worker, { runner: 'test', limit: 10, leaseMs: 30_000 })).map((run) => run.tenantId);

describe('the schedules of a suspended tenant', () => {
  it('fire nothing, and the ledger records them as it records paused ones, with the reason', async () => {
    await makeDue(mine);
    await makeDue(theirs);
    await suspend('the bill is open');
    expect(await tickAt('10:00')).toMatchObject({ due: 2, fired: 1, verdicts: { skipped_paused: 1, fired: 1 } });
    await tickAt('10:20');
    expect(await ledger(mine)).toEqual(['10:00 ×3 skipped_paused']);
    expect((await ledger(theirs)).at(0)).toBe('10:00 ×1 fired');
    const [row] = await db.owner`select reason from occurrences where tenant_id = ${mine.tenant.id}`;
    expect(row?.reason).toMatch(/^the tenant is suspended since \d{4}-.*Z: the bill is open$/);
    expect(await claimed()).not.toContain(mine.tenant.id);
  });

  it('fire again once it is active, at the next instant', async () => {
    await makeDue(mine);
    await suspend('the bill is open');
    await tickAt('10:00');
    await suspend(null);
    expect(await tickAt('10:05')).toMatchObject({ due: 0 });
    expect(await tickAt('10:10')).toMatchObject({ fired: 1 });
    expect(await ledger(mine)).toEqual(['10:00 ×1 skipped_paused', '10:10 ×1 fired']);
  });

  it('whose pause keeps what falls due wait, let the scheduler sleep, and go on by the catch-up policy', async () => {
    await makeDue(mine, { onPause: 'queue' });
    await suspend('the bill is open');
    expect(await tickAt('10:20')).toMatchObject({ due: 0, fired: 0 });
    expect(await ledger(mine)).toEqual([]);
    expect(await transaction(db.worker, {}, msToNextDue)).toBeNull();
    await suspend(null);
    expect(await transaction(db.worker, {}, msToNextDue)).toBeLessThan(0);
    expect(await tickAt('10:25')).toMatchObject({ fired: 1 });
    expect(await ledger(mine)).toEqual(['10:00 ×2 coalesced', '10:20 ×1 late']);
  });

  it('hide nobody behind them, even when they fill whole batches', async () => {
    for (const name of ['one', 'two', 'three'])
      await makeDue(mine, { onPause: 'queue' }, await mine.pipeline(name, { nodes: copyTable('a', 'b') }));
    await makeDue(theirs);
    await suspend('the bill is open');
    expect(await tickAt('10:00', 2)).toMatchObject({ due: 1, fired: 1 });
  });
});

describe('the queue of a suspended tenant', () => {
  it('is not claimed until it is active again, and what runs already may finish', async () => {
    const running = await mine.start(pipelines.get(mine)!);
    const claim = await mine.claim();
    await mine.start(pipelines.get(mine)!);
    await theirs.start(pipelines.get(theirs)!);
    await suspend('the bill is open');
    expect(await claimed()).toEqual([theirs.tenant.id]);
    await mine.execute(claim);
    expect(await getRun(mine.ctx, { id: running })).toMatchObject({ status: 'succeeded' });
    expect(await claimed()).toEqual([]);
    await suspend(null);
    expect(await claimed()).toEqual([mine.tenant.id]);
  });

  it('keeps no committed event from going out', async () => {
    const { id: tenantId } = mine.tenant;
    await transaction(db.app, { tenantId }, (tx) =>
      appendEvent(tx, { tenantId, type: 'a.b.v1', key: 'k', payload: {} }),
    );
    await suspend('the bill is open');
    const seen: string[] = [];
    const publisher = {
      backend: 'test',
      async publish(events: readonly { tenantId: string }[]) {
        seen.push(...events.map((event) => event.tenantId));
        return events.map(() => ({ kind: 'published' }) as const);
      },
      async close() {},
    };
    const holds = await takeLanes(db.worker, { owner: 'test', leaseMs: 30_000, limit: LANES, held: [] });
    const signal = new AbortController().signal;
    const options = { leaseMs: 30_000, batchSize: 100, maxAttempts: 2, isSweep: true, signal };
    for (const hold of holds) await publishLane({ pool: db.worker, publisher }, hold, options);
    await returnLanes(db.worker, holds);
    expect(seen).toEqual([tenantId]);
  });
});
