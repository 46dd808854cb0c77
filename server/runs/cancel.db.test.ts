// Runs that somebody cancels, while they wait and while they work.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { cancelRun, getRun } from './index.ts';
import { at, openFaults } from './testing/faults.ts';
import { openWorkshop } from './testing/index.ts';

const db = await testDatabase();
const { shop, copyPipeline, rowsIn, holdTable, waitForBlockedRun } = await openFaults(db);

describe('cancelRun', () => {
  it('ends a waiting run at once', async () => {
    const { id } = await copyPipeline();
    const runId = await shop.start(id);
    expect(await cancelRun(shop.ctx, { id: runId })).toEqual({ status: 'cancelled', isPending: false });
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'cancelled', startedAt: null });
    await expect(cancelRun(shop.ctx, { id: runId })).rejects.toMatchObject({ code: 'RUN_NOT_CANCELLABLE' });
  });

  it('cancels the running statement and leaves nothing written', async () => {
    const { id, table } = await copyPipeline();
    const runId = await shop.start(id);
    const release = await holdTable(table);
    const running = shop.executeBeating(await shop.claim(), { leaseMs: 600 });
    await waitForBlockedRun();
    const started = performance.now();
    expect(await cancelRun(shop.ctx, { id: runId })).toEqual({ status: 'running', isPending: true });
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'running', isCancelRequested: true });
    expect((await running).end).toBe('cancelled');
    expect(performance.now() - started).toBeLessThan(3_000);
    await release();
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
    expect(await rowsIn(table)).toBe(0);
  });

  it('that comes between the statements and the commit still wins', async () => {
    const { id, table } = await copyPipeline();
    const runId = await shop.start(id);
    const cancel = at('before_end', async () => {
      await cancelRun(shop.ctx, { id: runId });
    });
    await shop.execute(await shop.claim(), { onStep: cancel });
    // Its runner never heard of it, but the commit reads the request.
    expect(await rowsIn(table)).toBe(0);
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'cancelled' });
  });

  it('is RUN_NOT_FOUND for another tenant', async () => {
    const { id } = await copyPipeline();
    const runId = await shop.start(id);
    const other = await openWorkshop(db, 'failure-stranger');
    await expect(cancelRun(other.ctx, { id: runId })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'queued' });
  });
});
