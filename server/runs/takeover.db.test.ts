// Runs whose runner is gone, or believes that it still holds them.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { cancelRun, claimRuns, createRunControl, getRun, reapLostRuns } from './index.ts';
import { at, openFaults } from './testing/faults.ts';
import { RETRY } from './testing/index.ts';

const db = await testDatabase();
const { shop, copyPipeline, rowsIn, killRunBackend, holdTable, waitForBlockedRun } = await openFaults(db);

describe('a zombie', () => {
  /** Another runner takes the run over while the first believes that it still holds it. */
  async function takeOver(runId: string) {
    await db.owner`update run_queue set lease_until = now() - interval '1 second' where run_id = ${runId}`;
    expect(await reapLostRuns(db.worker)).toEqual({ retried: 1, failed: 0, cancelled: 0 });
    await db.owner`update run_queue set available_at = now() where run_id = ${runId}`;
    return shop.claim({ runner: 'second' });
  }

  it.each(['loaded', 'staged', 'effect_started', 'before_end'] as const)(
    'that wakes at %s after another runner has finished its run cannot commit',
    async (step) => {
      const { id, table } = await copyPipeline({ retry: RETRY(5) });
      const runId = await shop.start(id);
      const second = Promise.withResolvers<string>();
      const meanwhile = at(step, async () => {
        second.resolve((await shop.execute(await takeOver(runId))).end);
        await second.promise;
      });
      expect((await shop.execute(await shop.claim(), { onStep: meanwhile })).end).toBe('lost');
      expect(await second.promise).toBe('succeeded');
      expect(await rowsIn(table)).toBe(1000);
      const run = await getRun(shop.ctx, { id: runId });
      expect(run).toMatchObject({ status: 'succeeded', attempt: 2 });
      expect(run.attempts.map((attempt) => attempt.status)).toEqual(['lost', 'succeeded']);
    },
  );

  it('that fails after the takeover does not end the other runner’s attempt', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(5) });
    const runId = await shop.start(id);
    let second: Awaited<ReturnType<typeof takeOver>> | null = null;
    const meanwhile = at('statements_done', async () => {
      second = await takeOver(runId);
      await killRunBackend();
    });
    expect((await shop.execute(await shop.claim(), { onStep: meanwhile })).end).toBe('lost');
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({
      status: 'running',
      attempt: 2,
      error: { code: 'RUN_LOST' },
    });
    if (!second) throw new Error('nobody took over');
    expect((await shop.execute(second)).end).toBe('succeeded');
    expect(await rowsIn(table)).toBe(1000);
  });

  it('stops by itself when its lease runs out without an answer from the database', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(5) });
    await shop.start(id);
    const release = await holdTable(table);
    const claimed = await shop.claim({ leaseMs: 600 });
    const running = shop.executeBeating(claimed, { leaseMs: 600 });
    await waitForBlockedRun();
    await db.owner`update run_queue set claimed_by = 'somebody else' where run_id = ${claimed.runId}`;
    expect((await running).end).toBe('lost');
    await release();
    expect(await rowsIn(table)).toBe(0);
  });
});

describe('reapLostRuns', () => {
  it('fails a run without attempts left, cancels one that was to be cancelled, and leaves live leases alone', async () => {
    const { id } = await copyPipeline({ retry: RETRY(1) });
    const { id: other } = await copyPipeline({ retry: RETRY(3) });
    const { id: third } = await copyPipeline({ retry: RETRY(3) });
    const [dead, cancelled, alive] = [await shop.start(id), await shop.start(other), await shop.start(third)];
    await claimRuns(db.worker, { runner: 'gone', leaseMs: 60_000, limit: 3 });
    await cancelRun(shop.ctx, { id: cancelled });
    await db.owner`update run_queue set lease_until = now() - interval '1 second' where run_id in (${dead}, ${cancelled})`;
    const both = await Promise.all([reapLostRuns(db.worker), reapLostRuns(db.worker)]);
    expect(both.map((counts) => counts.failed + counts.cancelled).reduce((a, b) => a + b)).toBe(2);
    expect(await reapLostRuns(db.worker)).toEqual({ retried: 0, failed: 0, cancelled: 0 });
    expect(await getRun(shop.ctx, { id: dead })).toMatchObject({
      status: 'failed',
      error: { code: 'RUN_LOST' },
      attempts: [{ status: 'lost' }],
    });
    expect(await getRun(shop.ctx, { id: cancelled })).toMatchObject({
      status: 'cancelled',
      error: { code: 'CANCELLED' },
    });
    expect(await getRun(shop.ctx, { id: alive })).toMatchObject({ status: 'running' });
  });
});

describe('a run given back at shutdown', () => {
  it('is claimed again at once and loses no attempt by it', async () => {
    const { id, table } = await copyPipeline({ retry: RETRY(1) });
    const runId = await shop.start(id);
    const release = await holdTable(table);
    const control = createRunControl();
    const running = shop.execute(await shop.claim(), {}, control);
    await waitForBlockedRun();
    control.stop('released');
    expect((await running).end).toBe('released');
    await release();
    expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
    expect(await rowsIn(table)).toBe(1000);
    const run = await getRun(shop.ctx, { id: runId });
    expect(run.attempts.map((attempt) => attempt.status)).toEqual(['lost', 'succeeded']);
  });
});
