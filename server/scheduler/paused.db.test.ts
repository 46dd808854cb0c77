// Schedules that are paused, and how they go on.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { resumeSchedule } from '#server/schedules/index.ts';
import { msToNextDue } from './read-due.ts';
import { at, EVERY_TEN, openTicks } from './testing/ticks.ts';

const db = await testDatabase();
const { tenantId, makeSchedule, tickAt, ledger, lines, nextFire } = await openTicks(db);

describe('a paused schedule', () => {
  const paused = { paused_at: at('09:30').toISOString(), paused_by: 'ada', pause_reason: 'repair' };

  it('fires nothing; what falls due is one row that grows from tick to tick', async () => {
    const ids = await makeSchedule(paused);
    for (const time of ['10:00', '10:01', '10:02']) expect(await tickAt(time)).toMatchObject({ due: 1, fired: 0 });
    await tickAt('10:30');
    expect(await ledger(ids)).toEqual([
      { due: '10:00', until: '10:30', count: 31, verdict: 'skipped_paused', hasRun: false },
    ]);
    expect(await nextFire(ids)).toBe('10:31');
  });

  it('fires again when the end of its pause has come, and is unpaused then', async () => {
    const ids = await makeSchedule({ ...paused, pause_until: at('10:02:30').toISOString() });
    for (const time of ['10:00', '10:01', '10:02', '10:03']) await tickAt(time);
    expect(await lines(ids)).toEqual(['10:00-10:02 ×3 skipped_paused', '10:03 ×1 fired']);
    const [row] = await db.owner`select paused_at, paused_by, pause_reason, pause_until from schedules`;
    expect(row).toEqual({ paused_at: null, paused_by: null, pause_reason: null, pause_until: null });
  });

  it('skips what fell due in its pause although nothing ticked before the pause was over', async () => {
    const ids = await makeSchedule({ ...paused, pause_until: at('10:02:30').toISOString() });
    await tickAt('10:03:05');
    expect(await lines(ids)).toEqual(['10:00-10:02 ×3 skipped_paused', '10:03 ×1 fired']);
  });

  it('that is resumed although it was not paused still makes up for an outage', async () => {
    const ids = await makeSchedule();
    const which = { tenantId, pipelineId: ids.pipelineId };
    await transaction(db.app, { tenantId }, (tx) => resumeSchedule(tx, which));
    await tickAt('10:05');
    expect(await lines(ids)).toEqual(['10:00-10:04 ×5 coalesced', '10:05 ×1 late']);
  });

  it('with onPause queue keeps what falls due until it is resumed', async () => {
    const ids = await makeSchedule({ ...paused, policies: { onPause: 'queue' }, schedule: EVERY_TEN });
    expect(await tickAt('10:20')).toMatchObject({ due: 0, fired: 0 });
    expect(await nextFire(ids)).toBe('10:00');
    await db.owner`update schedules set paused_at = null`;
    expect(await tickAt('10:20')).toMatchObject({ due: 3, fired: 1 });
    expect(await lines(ids)).toEqual(['10:00-10:10 ×2 coalesced', '10:20 ×1 late']);
  });

  it('with onPause queue does not keep the loop awake while it holds what is due', async () => {
    await makeSchedule({ ...paused, policies: { onPause: 'queue' } });
    const next = () => transaction(db.worker, {}, msToNextDue);
    expect(await next()).toBeNull();
    await db.owner`update schedules set paused_at = null`;
    expect(await next()).toBeLessThan(0);
  });

  it('with onPause queue fires when its pause ends by itself, by the clock that says what is due', async () => {
    const ids = await makeSchedule({
      ...paused,
      pause_until: at('10:15').toISOString(),
      policies: { onPause: 'queue' },
    });
    expect(await tickAt('10:14')).toMatchObject({ due: 0 });
    expect(await tickAt('10:15')).toMatchObject({ due: 16, fired: 1 });
    expect((await lines(ids)).at(-1)).toBe('10:15 ×1 late');
  });
});
