import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { previewPurge } from './preview.ts';
import { addRows, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();

describe('the count of what the next purge would delete', () => {
  it('that takes too long is stopped, says so and what to do, and keeps nobody from placing a hold', async () => {
    const keeper = await openKeeper(db, 'much');
    await keeper.keep('decision_traces', 30);
    await addRows(db, keeper.tenant, { customerId: 'c', ageDays: 40, count: 2 });
    await db.owner.begin(async (tx) => {
      // A count that takes as long as this transaction does.
      await tx`lock table decision_traces in access exclusive mode`;
      await expect(previewPurge(keeper.ctx, { timeoutMs: 200 })).rejects.toMatchObject({
        code: 'RETENTION_PREVIEW_TIMED_OUT',
        message: expect.stringMatching(/longer than 0\.2 s .*dryRun=1/),
      });
      expect(await keeper.holdClass('interaction_history')).toMatchObject({ covered: [{ rows: 2 }] });
    });
    expect((await previewPurge(keeper.ctx)).classes).toContainEqual(
      expect.objectContaining({ dataClass: 'decision_traces', rows: 2 }),
    );
    expect((await runPurge(db, { dryRun: '1' })).perTenant).toMatchObject([{ decisionTraces: 2 }]);
  });

  it('says what else went wrong as it is', async () => {
    const keeper = await openKeeper(db, 'other');
    const tenant = { ...keeper.tenant, id: 'none' };
    await expect(previewPurge({ ...keeper.ctx, tenant })).rejects.not.toMatchObject({
      code: 'RETENTION_PREVIEW_TIMED_OUT',
    });
  });
});
