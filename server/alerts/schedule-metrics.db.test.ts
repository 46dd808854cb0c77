// The figures of schedules that alert rules watch, after outages as they happen: the ledger learns of them afterwards.
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { claimRuns } from '#server/runs/index.ts';
import { EVERY_MINUTE, EVERY_TEN, openTicks } from '#server/scheduler/testing/index.ts';
import { type AlertMetric, METRICS } from './metrics.ts';

const db = await testDatabase();
const { tenantId, makeSchedule, tickAt, lines } = await openTicks(db);
const MINUTE_MS = 60_000;
const minutesAgo = (minutes: number) => new Date(Math.floor(Date.now() / MINUTE_MS - minutes) * MINUTE_MS);
const read = (metric: AlertMetric, windowMinutes = 5) =>
  transaction(db.worker, { tenantId }, (tx) => METRICS[metric].read(tx, tenantId, windowMinutes));
const claim = () => claimRuns(db.worker, { runner: 'test', limit: 10, leaseMs: 60_000 });
/** What the ledger knows by now, it has known for so long. */
const letPass = (minutes: number) =>
  db.owner`update occurrences set decided_at = decided_at - make_interval(mins => ${minutes})`;

it('what an outage of two hours missed is counted when the scheduler is back, in the smallest windows too', async () => {
  await makeSchedule({ next: minutesAgo(120) });
  await tickAt(new Date());
  for (const windowMinutes of [5, 60]) {
    expect(await read('missed_occurrences', windowMinutes)).toBeGreaterThanOrEqual(119);
    expect(await read('late_occurrences', windowMinutes)).toBe(1);
  }
  await letPass(6);
  expect(await read('missed_occurrences', 5)).toBe(0);
  expect(await read('missed_occurrences', 60)).toBeGreaterThanOrEqual(119);
});

it('a stretch that grows counts anew', async () => {
  const { scheduleId } = await makeSchedule({ next: null });
  await db.owner`insert into occurrences (schedule_id, tenant_id, pipeline_id, due_at, due_until, count, verdict, decided_at)
    select id, tenant_id, pipeline_id, now() - interval '3 hours', now() - interval '2 hours', 60, 'coalesced',
      now() - interval '1 hour' from schedules where id = ${scheduleId}`;
  expect(await read('missed_occurrences')).toBe(0);
  await db.owner`update schedules set next_fire_at = date_trunc('minute', now() - interval '30 minutes')`;
  await tickAt(new Date());
  expect(await read('missed_occurrences')).toBeGreaterThanOrEqual(89);
});

it('a run that begins late is counted when it begins, whatever the interval of its schedule is', async () => {
  const dueAt = minutesAgo(25);
  dueAt.setUTCMinutes(Math.floor(dueAt.getUTCMinutes() / 10) * 10);
  await makeSchedule({ schedule: EVERY_TEN, next: dueAt });
  await tickAt(dueAt);
  expect((await lines())[0]).toMatch(/×1 fired$/);
  await letPass(25);
  expect(await read('late_occurrences')).toBe(0);
  await claim();
  expect((await lines())[0]).toMatch(/×1 late$/);
  expect(await read('late_occurrences')).toBe(1);
});

it('the lag of schedules grows while a run waits, and ends with the run when it is cancelled in the queue or gone', async () => {
  const dueAt = minutesAgo(40);
  const yearly = { kind: 'cron', expression: '0 0 1 1 *', timezone: 'UTC' };
  const { pipelineId } = await makeSchedule({ schedule: yearly, next: dueAt });
  await tickAt(dueAt);
  expect(await read('schedule_lag_minutes')).toBeGreaterThanOrEqual(40);
  // As cancelRun leaves a run that waits.
  await db.owner`update runs set status = 'cancelled', finished_at = now() where pipeline_id = ${pipelineId}`;
  await db.owner`delete from run_queue`;
  expect(await read('schedule_lag_minutes')).toBeNull();
  // As the cleanup leaves the ledger.
  await db.owner`update runs set status = 'succeeded', started_at = finished_at`;
  expect(await read('schedule_lag_minutes')).toBeGreaterThanOrEqual(40);
  await db.owner`delete from runs`;
  expect(await read('schedule_lag_minutes')).toBeNull();
});

it('the lag of a schedule whose run began is what that start was late', async () => {
  await makeSchedule({ schedule: EVERY_MINUTE, next: minutesAgo(3) });
  await tickAt(minutesAgo(3));
  await claim();
  expect(await read('schedule_lag_minutes')).toBeGreaterThanOrEqual(2.9);
});
