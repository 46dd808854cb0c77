// What a tick writes, whoever else ticks and whenever one is killed.

import { afterAll, describe, expect, it } from 'vitest';
import { openPool, type Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { Policies } from '#server/ir/index.ts';
import { query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import { dueStatement } from './read-due.ts';
import { at, EVERY_TEN, openTicks } from './testing/ticks.ts';
import { type TickResult, tick } from './tick.ts';

const db = await testDatabase();
const { tenantId, silent, makeSchedule, tickAt, ledger, lines, count, nextFire } = await openTicks(db);
const open = () => openPool({ url: db.workerUrl, max: 2, applicationName: 'tick test' });
const others: Pool[] = Array.from({ length: 4 }, open);
afterAll(() => Promise.all(others.map((pool) => pool.end({ timeout: 2 }))));

describe('a tick', () => {
  it('fires a due instant once: a ledger row, a run, a queue row and the next fire', async () => {
    const ids = await makeSchedule();
    expect(await tickAt('10:00')).toMatchObject({ ok: true, skipped: false, due: 1, fired: 1, verdicts: { fired: 1 } });
    expect(await lines()).toEqual(['10:00 ×1 fired']);
    expect(await nextFire(ids)).toBe('10:01');
    const [run] =
      await db.owner`select r.pipeline_id, r.schedule_id, r.version, r.status, r.trigger, r.max_attempts, r.attempt,
        r.scheduled_for, r.interval_start, r.interval_end, r.requested_by, o.run_id = r.id as "isLedgers", q.run_id = r.id as "isQueued",
        q.scheduled_for = r.scheduled_for as "sameInstant", q.max_attempts as queued_attempts, q.max_concurrent_runs
      from runs r join occurrences o on o.run_id = r.id join run_queue q on q.run_id = r.id`;
    expect(run).toEqual({
      pipeline_id: ids.pipelineId,
      schedule_id: ids.scheduleId,
      version: 3,
      status: 'queued',
      trigger: 'schedule',
      max_attempts: 4,
      attempt: 0,
      scheduled_for: at('10:00'),
      interval_start: at('09:59'),
      interval_end: at('10:00'),
      requested_by: 'system:scheduler',
      isLedgers: true,
      isQueued: true,
      sameInstant: true,
      queued_attempts: 4,
      max_concurrent_runs: 1,
    });
    expect(await tickAt('10:00:30')).toMatchObject({ due: 0, fired: 0, verdicts: {} });
    expect(await count('runs')).toBe(1);
  });

  it('does nothing before an instant is due, nor for a disabled schedule or one that has ended', async () => {
    await makeSchedule();
    await makeSchedule({ enabled: false });
    await makeSchedule({ next: null });
    expect(await tickAt('09:59:59.999')).toMatchObject({ due: 0, fired: 0 });
    expect(await lines()).toEqual([]);
    expect(await count('cron_runs')).toBe(0);
    const [state] = await db.owner`select last_tick_at, last_due, last_fired, process_id from scheduler_state`;
    expect(state).toEqual({ last_tick_at: at('09:59:59.999'), last_due: 0, last_fired: 0, process_id: 'test' });
  });

  it('writes a cron_runs row only when something was due', async () => {
    await makeSchedule();
    await tickAt('09:59');
    await tickAt('10:00');
    await tickAt('10:00');
    expect(await db.owner`select job, outcome, counts from cron_runs`).toEqual([
      { job: 'flowSchedulerTick', outcome: 'succeeded', counts: { due: 1, fired: 1 } },
    ]);
  });

  it('fires nothing twice when the clock steps back', async () => {
    const ids = await makeSchedule({ policies: { overlap: 'allow_all' } });
    for (const time of ['10:00', '10:01', '09:58', '10:00', '10:01', '10:02', '10:01', '10:03']) await tickAt(time);
    expect(await lines(ids)).toEqual(['10:00 ×1 fired', '10:01 ×1 fired', '10:02 ×1 fired', '10:03 ×1 fired']);
    expect(await count('runs')).toBe(4);
  });

  it('makes no run for an instant that the ledger already has, even when the next fire was set back', async () => {
    const ids = await makeSchedule();
    await tickAt('10:00');
    await db.owner`delete from run_queue`;
    await db.owner`update schedules set next_fire_at = ${at('10:00').toISOString()}`;
    expect(await tickAt('10:00')).toMatchObject({ due: 0, fired: 0 });
    expect(await count('runs')).toBe(1);
    expect(await count('run_queue')).toBe(0);
    expect(await nextFire(ids)).toBe('10:01');
  });

  it('fires the newest late after downtime and records the others as one stretch', async () => {
    const ids = await makeSchedule();
    expect(await tickAt('12:00:10')).toMatchObject({ due: 121, fired: 1, verdicts: { coalesced: 120, late: 1 } });
    expect(await ledger(ids)).toEqual([
      { due: '10:00', until: '11:59', count: 120, verdict: 'coalesced', hasRun: false },
      { due: '12:00', until: null, count: 1, verdict: 'late', hasRun: true },
    ]);
    expect(await nextFire(ids)).toBe('12:01');
  });

  it('goes on in the same call when a schedule has more due than one pass looks at', async () => {
    const ids = await makeSchedule();
    const result = await tickAt(new Date(at('10:00').getTime() + 5_000 * 60_000));
    expect(result).toMatchObject({ due: 5_001, fired: 1 });
    expect((await ledger(ids)).reduce((sum, row) => sum + row.count, 0)).toBe(5_001);
    expect(await count('runs')).toBe(1);
  });

  it('skips for overlap while a run of the pipeline is queued or running, in one growing row', async () => {
    const ids = await makeSchedule();
    for (const time of ['10:00', '10:01', '10:02', '10:03']) await tickAt(time);
    expect(await lines(ids)).toEqual(['10:00 ×1 fired', '10:01-10:03 ×3 skipped_overlap']);
    await db.owner`delete from run_queue`;
    await tickAt('10:04');
    await tickAt('10:05');
    expect(await lines(ids)).toEqual([
      '10:00 ×1 fired',
      '10:01-10:03 ×3 skipped_overlap',
      '10:04 ×1 fired',
      '10:05 ×1 skipped_overlap',
    ]);
    expect(await count('runs')).toBe(2);
  });

  it('lets a queued run of one pipeline hold back no other', async () => {
    await makeSchedule();
    const other = await makeSchedule({ next: at('10:01') });
    await tickAt('10:00');
    await tickAt('10:01');
    expect(await lines(other)).toEqual(['10:01 ×1 fired']);
  });

  it('ends a rule that has no further instant', async () => {
    const rrule = 'DTSTART:20260310T095800\nRRULE:FREQ=MINUTELY;COUNT=3';
    const ids = await makeSchedule({ schedule: { kind: 'rrule', rrule, timezone: 'UTC' } });
    expect(await tickAt('10:00')).toMatchObject({ due: 1, fired: 1 });
    expect(await nextFire(ids)).toBeNull();
    expect(await tickAt('23:00')).toMatchObject({ due: 0 });
  });

  it('delays a run by its jitter without moving its instant', async () => {
    await makeSchedule({ policies: { jitterSeconds: 3_600 } });
    await tickAt('10:00');
    const [row] = await db.owner<
      { delay: number; same: boolean }[]
    >`select extract(epoch from available_at - now())::float8 as delay,
      scheduled_for = ${at('10:00').toISOString()} as same from run_queue`;
    expect(row?.same).toBe(true);
    expect(row?.delay).toBeGreaterThan(-60);
    expect(row?.delay).toBeLessThan(3_600);
  });
});

describe('ticks at once', () => {
  type Held = { pid: number; first: Promise<TickResult | Error> };

  /** A tick that has written all but its last row, which is held here until `during` is over. */
  async function holdTick(time: string, during: (held: Held) => Promise<void>): Promise<TickResult | Error> {
    const [isHeld, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = db.owner.begin(async (tx) => {
      await tx`select from scheduler_state for update`;
      isHeld.resolve();
      await letGo.promise;
    });
    await isHeld.promise;
    const first = tickAt(time).catch((error: Error) => error);
    const find = async () => {
      const [row] = await db.owner<
        { pid: number }[]
      >`select l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.objid = ${0x666c6f77} and l.granted and a.wait_event_type = 'Lock'
          and a.datname = current_database()`;
      return row?.pid;
    };
    try {
      await expect.poll(find, { interval: 5, timeout: 10_000 }).toBeDefined();
      await during({ pid: (await find())!, first });
    } finally {
      letGo.resolve();
      await holding;
    }
    return first;
  }

  it('one works, 40 others in five processes are told at once that they are skipped', async () => {
    await makeSchedule();
    const first = await holdTick('10:00', async () => {
      const pools = [db.worker, ...others];
      const started = performance.now();
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => tickAt('10:00', { pool: pools[index % pools.length]! })),
      );
      expect(answers).toEqual(Array.from({ length: 40 }, () => ({ ok: true, skipped: true })));
      expect(performance.now() - started).toBeLessThan(5_000);
    });
    expect(first).toMatchObject({ skipped: false, fired: 1 });
    expect(await count('runs')).toBe(1);
  });

  it('never double a fire: five processes, every instant of an hour', async () => {
    await Promise.all(Array.from({ length: 3 }, () => makeSchedule({ policies: { overlap: 'allow_all' } })));
    let fired = 0;
    for (let minute = 0; minute < 60; minute += 1) {
      const time = new Date(at('10:00').getTime() + minute * 60_000);
      const answers = await Promise.all([db.worker, ...others].map((pool) => tickAt(time, { pool })));
      fired += answers.reduce((sum, answer) => sum + (answer.skipped ? 0 : answer.fired), 0);
    }
    expect(fired).toBe(180);
    expect(await count('runs')).toBe(180);
    expect(await count('occurrences')).toBe(180);
  });

  it('killed midway leave nothing, and the next one fires', async () => {
    const ids = await makeSchedule();
    const first = await holdTick('10:00', async ({ pid }) => {
      await db.owner`select pg_terminate_backend(${pid}, 5000)`;
    });
    expect(first).toBeInstanceOf(Error);
    for (const table of ['runs', 'occurrences', 'run_queue', 'cron_runs'])
      expect([table, await count(table)]).toEqual([table, 0]);
    expect(await nextFire(ids)).toBe('10:00');
    expect(await tickAt('10:00:20')).toMatchObject({ skipped: false, due: 1, fired: 1, verdicts: { fired: 1 } });
    expect(await lines(ids)).toEqual(['10:00 ×1 fired']);
  });

  it('leave a schedule that somebody is changing to the next tick', async () => {
    const ids = await makeSchedule();
    await db.owner.begin(async (tx) => {
      await tx`select from schedules for update`;
      expect(await tickAt('10:00')).toMatchObject({ due: 0 });
    });
    expect(await tickAt('10:00')).toMatchObject({ due: 1, fired: 1 });
    expect(await lines(ids)).toEqual(['10:00 ×1 fired']);
  });

  it('by the database clock too: without an injected one what is due now fires', async () => {
    // The rule's own instants are far away: at the top of an hour an hourly one would have two due.
    const phaseMinutes = (Math.floor(Date.now() / 60_000) + 720) % 1440;
    await makeSchedule({
      next: new Date(Date.now() - 5_000),
      schedule: { kind: 'interval', minutes: 1440, phaseMinutes },
    });
    await makeSchedule({ next: new Date(Date.now() + 600_000) });
    expect(await tick({ pool: db.worker, log: silent, processId: 'test' })).toMatchObject({ due: 1, fired: 1 });
  });
});

describe('a tick over many schedules', () => {
  it('fires all that is due, batch after batch', async () => {
    const made = await Promise.all(Array.from({ length: 7 }, () => makeSchedule()));
    expect(await tickAt('10:00', { batchSize: 2 })).toMatchObject({ due: 7, fired: 7 });
    for (const ids of made) expect(await lines(ids)).toEqual(['10:00 ×1 fired']);
  });

  it('reads what is due by the partial index, whatever the number of schedules', async () => {
    await db.owner`insert into pipelines (tenant_id, id, name, live_version)
      select ${tenantId}, ms_uuid(), 'many-' || n, 1 from generate_series(1, 5000) n`;
    await db.owner`insert into schedules (tenant_id, pipeline_id, version, schedule, policies, next_fire_at)
      select tenant_id, id, 1, ${db.owner.json(EVERY_TEN)}, ${db.owner.json(Policies.parse({}))},
        ${at('10:00').toISOString()}::timestamptz + make_interval(secs => row_number() over ())
      from pipelines`;
    await db.owner`insert into occurrences (schedule_id, due_at, tenant_id, pipeline_id, verdict)
      select id, next_fire_at - interval '10 minutes', tenant_id, pipeline_id, 'fired' from schedules`;
    await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id) select ms_uuid(), tenant_id, id from pipelines`;
    await db.owner`analyze pipelines, schedules, occurrences, run_queue`;
    const explain = (tx: Tx) =>
      queryOne<{ 'QUERY PLAN': unknown }>(tx, sql`explain (format json) ${dueStatement(at('10:00:10'), 1_000, [])}`);
    const plan = JSON.stringify((await transaction(db.worker, {}, explain))['QUERY PLAN']);
    expect(plan).toContain('"Index Name":"schedules_due"');
    expect(plan).not.toContain('Seq Scan');
    const rows = await transaction(db.worker, {}, (tx) => query(tx, dueStatement(at('10:00:10'), 1_000, [])));
    expect(rows).toHaveLength(10);
  });
});
