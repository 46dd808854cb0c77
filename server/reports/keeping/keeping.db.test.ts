// Reports of one schedule that follow each other, over a ledger that goes on changing: made by real ticks at given times.
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import type { Schedule } from '#server/ir/index.ts';
import { claimRuns } from '#server/runs/index.ts';
import { at, EVERY_MINUTE, EVERY_TEN, openTicks } from '#server/scheduler/testing/index.ts';
import { nextFires } from '#server/schedules/index.ts';
import { makeDueReports } from '../index.ts';

const db = await testDatabase();
const { tenantId, silent, makeSchedule, tickAt } = await openTicks(db);
type Ids = Awaited<ReturnType<typeof makeSchedule>>;

beforeEach(() => db.owner`truncate reports, report_schedules cascade`);

/** A schedule of reports, of which the first begins at a time. */
async function makeReports(cron: string, from = '10:00'): Promise<void> {
  await db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, next_at, covered_to, created_by)
    values (${tenantId}, 'keeping', 'sla', ${cron}, 'UTC', '[{"kind": "log"}]', ${at(from)}, ${at(from)}, 'test')`;
}
const makeDueAt = (now: Date) => makeDueReports({ pool: db.worker, log: silent, clock: { now: async () => now } });
const OUTCOMES = ['On time', 'Late', 'Missed', 'Skipped or cancelled', 'Open'] as const;
type Outcome = (typeof OUTCOMES)[number];
type KeptLine = { name: string; isEarlier: boolean; counts: Record<Outcome, number> };
type Report = { to: Date; lines: KeptLine[]; figures: Record<string, number | null> };

/** All reports that were made, oldest first, as their spreadsheets have them. */
async function readReports(): Promise<Report[]> {
  const rows = await db.owner<{ to: Date; csv: string; figures: { label: string; value: number | null }[] }[]>`
    select period_to as to, csv, figures from reports order by period_to`;
  return rows.map(({ to, csv, figures }) => ({
    to,
    figures: Object.fromEntries(figures.map(({ label, value }) => [label, value])),
    lines: (parse(csv, { columns: true }) as Record<string, string>[]).map((line) => ({
      name: line.Pipeline!,
      isEarlier: line.Due === 'earlier',
      counts: Object.fromEntries(OUTCOMES.map((name) => [name, Number(line[name])])) as Record<Outcome, number>,
    })),
  }));
}
/** `earlier: 2 missed, 1 open` of each line of the report that is made at a time. */
async function reportAt(time: string): Promise<{ lines: string[]; figures: Report['figures'] }> {
  expect(await makeDueAt(at(time))).toEqual({ made: 1, failed: 0 });
  const report = (await readReports()).at(-1)!;
  const words = ({ isEarlier, counts }: KeptLine) => {
    const told = OUTCOMES.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name.toLowerCase()}`);
    return `${isEarlier ? 'earlier' : 'in period'}: ${told.join(', ')}`;
  };
  return { lines: report.lines.map(words).sort(), figures: report.figures };
}

/** What becomes of a schedule's runs that wait. */
const begin = (
  of: Ids,
) => db.owner`with gone as (delete from run_queue where schedule_id = ${of.scheduleId} and claimed_by is null)
  update runs set status = 'running', started_at = scheduled_for + interval '1 second'
  where schedule_id = ${of.scheduleId} and status = 'queued'`;
const cancel = (
  of: Ids,
) => db.owner`with gone as (delete from run_queue where schedule_id = ${of.scheduleId} and claimed_by is null)
  update runs set status = 'cancelled', finished_at = now() where schedule_id = ${of.scheduleId} and status = 'queued'`;
/** A real runner takes them, months after they were due. */
const claim = (limit = 100) => claimRuns(db.worker, { runner: 'test', limit, leaseMs: 600_000 });
const pause = (of: Ids, time: Date) => db.owner`update schedules set paused_at = ${time} where id = ${of.scheduleId}`;

describe('what is decided after the report of its period', () => {
  it('a run that waits over the end of a period is open in its report, and in the next one under its verdict', async () => {
    const [begun, cancelled] = [
      await makeSchedule({ schedule: EVERY_TEN }),
      await makeSchedule({ schedule: EVERY_TEN }),
      await makeSchedule({ schedule: EVERY_TEN }),
    ];
    await tickAt('10:00');
    await makeReports('*/5 * * * *');
    const first = await reportAt('10:05');
    expect(first.lines).toEqual(Array(3).fill('in period: 1 open'));
    expect(first.figures).toMatchObject({ 'Kept on time': null, 'On time': 0, Open: 3, 'Decided later': null });
    await begin(begun);
    await cancel(cancelled);
    expect(await claim()).toHaveLength(1);
    const second = await reportAt('10:10');
    expect(second.lines).toEqual(['earlier: 1 late', 'earlier: 1 on time', 'earlier: 1 skipped or cancelled']);
    expect(second.figures).toMatchObject({
      'On time': 0,
      Late: 0,
      Open: 0,
      'Decided later': 3,
      'Decided later: late': 1,
    });
    await tickAt('10:10');
    await begin(begun);
    expect((await reportAt('10:15')).lines).toEqual([
      'in period: 1 on time',
      'in period: 1 open',
      'in period: 1 skipped or cancelled',
    ]);
  });

  it('a run that still waits stays open from report to report, and counts in none of them', async () => {
    const one = await makeSchedule({ schedule: EVERY_TEN });
    await tickAt('10:00');
    await makeReports('*/2 * * * *');
    expect((await reportAt('10:02')).lines).toEqual(['in period: 1 open']);
    expect((await reportAt('10:04')).lines).toEqual(['earlier: 1 open']);
    const third = await reportAt('10:06');
    expect(third.lines).toEqual(['earlier: 1 open']);
    expect(third.figures).toMatchObject({ Open: 1, 'Decided later': 0 });
    await begin(one);
    expect((await reportAt('10:08')).lines).toEqual(['earlier: 1 on time']);
    expect((await reportAt('10:10')).lines).toEqual([]);
  });

  it('what a scheduler that was away decides is open before, and then told of by when it was due', async () => {
    await makeSchedule({ schedule: EVERY_TEN });
    await makeReports('*/30 * * * *');
    expect((await reportAt('10:30')).lines).toEqual(['in period: 3 open']);
    // 10:00 to 10:50 are one stretch, over the boundary; 11:00 fires.
    await tickAt('11:00:30');
    const second = await reportAt('11:00:40');
    expect(second.lines).toEqual(['earlier: 3 missed', 'in period: 3 missed']);
    expect(second.figures).toMatchObject({
      'Kept on time': 0,
      Missed: 3,
      'Decided later': 3,
      'Decided later: missed': 3,
    });
  });
});

describe('a stretch that lies in several periods', () => {
  it('is in each of them with what was due in it, while it grows', async () => {
    await makeSchedule({ schedule: EVERY_TEN, paused_at: at('09:55') });
    await tickAt('10:10');
    await makeReports('*/20 * * * *');
    expect((await reportAt('10:20')).lines).toEqual(['in period: 2 skipped or cancelled']);
    await tickAt('10:30');
    expect((await reportAt('10:40')).lines).toEqual(['in period: 2 skipped or cancelled']);
    await tickAt('11:10');
    expect((await reportAt('11:10:30')).lines).toEqual(['in period: 2 skipped or cancelled']);
    expect((await reportAt('11:20')).lines).toEqual(['in period: 2 skipped or cancelled']);
    expect([...(await db.owner`select count::int from occurrences`)]).toEqual([{ count: 8 }]);
  });

  it('is divided by its rule where that is uneven', async () => {
    const uneven: Schedule = { kind: 'cron', expression: '0,5,50 * * * *', timezone: 'UTC' };
    await makeSchedule({ schedule: uneven, paused_at: at('09:55') });
    await makeReports('*/20 * * * *');
    expect((await reportAt('10:20')).lines).toEqual(['in period: 2 open']);
    await tickAt('11:10');
    expect((await reportAt('11:10:30')).lines).toEqual([
      'earlier: 2 skipped or cancelled',
      'in period: 1 skipped or cancelled',
    ]);
    expect((await reportAt('11:20')).lines).toEqual(['in period: 2 skipped or cancelled']);
  });

  it('that began before the first period counts from there on', async () => {
    await makeSchedule({ schedule: EVERY_TEN, paused_at: at('09:55') });
    await tickAt('10:50');
    await makeReports('*/30 * * * *', '10:30');
    const first = await reportAt('11:00');
    expect(first.lines).toEqual(['in period: 3 skipped or cancelled']);
    expect(first.figures).toMatchObject({ 'Skipped or cancelled': 3, 'Decided later': null });
  });
});

// What may happen between two reports; minutes go by with `tick` and `away`, of which only the first looks at what is due.
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('tick' as const), by: fc.integer({ min: 0, max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), by: fc.integer({ min: 1, max: 25 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('report' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('pause', 'resume', 'begin', 'cancel', 'claim', 'end'),
      which: fc.nat({ max: 2 }),
    }),
  },
);
type Step = { kind: 'tick' | 'away'; by: number } | { kind: string; which?: number };

const RULES: { schedule: Schedule; policies: object }[] = [
  { schedule: EVERY_MINUTE, policies: {} },
  {
    schedule: { kind: 'interval', minutes: 3, phaseMinutes: 0 },
    policies: { onPause: 'queue', catchUp: 'all', catchUpCap: 4, overlap: 'allow_all' },
  },
  {
    schedule: { kind: 'cron', expression: '0-20/4,45 * * * *', timezone: 'UTC' },
    policies: { catchUp: 'none', overlap: 'buffer_one' },
  },
];
const START = at('10:00');

describe('reports that follow each other', () => {
  it('count every instant once, under the verdict that it has in the end, whatever is decided when', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 30 }), async (steps) => {
        await db.owner`truncate pipelines, occurrences, runs, run_queue, reports, report_schedules cascade`;
        const all: Ids[] = [];
        for (const rule of RULES) all.push(await makeSchedule({ ...rule, next: START }));
        await makeReports('* * * * *');
        let now = START;
        for (const step of steps) {
          now = await take(step, all, now);
          if (step.kind === 'report') await expectAccounted(all);
        }
        // In the end everything is decided, and a report is made of it.
        for (const one of all) await take({ kind: 'resume', which: all.indexOf(one) }, all, now);
        await tickAt(now);
        for (const one of all) await begin(one);
        await makeDueAt(new Date(now.getTime() + 60_000));
        await expectAccounted(all);
        expect(sumOf(await readReports(), ['On time', 'Late', 'Missed', 'Skipped or cancelled'])).toEqual(
          await truth(),
        );
      }),
      { numRuns: 25 },
    );
  });
});

async function take(step: Step, all: Ids[], now: Date): Promise<Date> {
  if ('by' in step) {
    const then = new Date(now.getTime() + step.by * 60_000);
    if (step.kind === 'tick') await tickAt(then);
    return then;
  }
  const one = all[step.which ?? 0]!;
  if (step.kind === 'report') await makeDueAt(now);
  if (step.kind === 'pause') await pause(one, now);
  if (step.kind === 'resume')
    await db.owner`update schedules set paused_at = null, resumed_at = ${now}
      where id = ${one.scheduleId} and paused_at is not null`;
  if (step.kind === 'begin') await begin(one);
  if (step.kind === 'cancel') await cancel(one);
  if (step.kind === 'claim') await claim(2);
  if (step.kind === 'end') {
    await db.owner`delete from run_queue where schedule_id = ${one.scheduleId} and claimed_by is not null`;
    await db.owner`update runs set status = 'succeeded', finished_at = now()
      where schedule_id = ${one.scheduleId} and status = 'running'`;
  }
  return now;
}

/** Of each pipeline and verdict, what the reports say between them. */
function sumOf(reports: Report[], outcomes: readonly Outcome[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { lines } of reports)
    for (const { name, counts } of lines)
      for (const outcome of outcomes)
        if (counts[outcome] > 0) sums[`${name} ${outcome}`] = (sums[`${name} ${outcome}`] ?? 0) + counts[outcome];
  return sums;
}

/** What was decided up to the last report, with what is open in it, are all instants that the rules had until its end. */
async function expectAccounted(all: Ids[]): Promise<void> {
  const reports = await readReports();
  const last = reports.at(-1);
  if (!last) return;
  const sums = { ...sumOf(reports, ['On time', 'Late', 'Missed', 'Skipped or cancelled']), ...sumOf([last], ['Open']) };
  for (const [index, { pipelineId }] of all.entries()) {
    const accounted = OUTCOMES.reduce((sum, outcome) => sum + (sums[`${pipelineId} ${outcome}`] ?? 0), 0);
    const due = nextFires(RULES[index]!.schedule, {
      ...{ after: new Date(START.getTime() - 1), until: new Date(last.to.getTime() - 1), count: 10_000 },
      dst: { gap: 'shift', fold: 'auto' },
    });
    expect(accounted, `of schedule ${index} until ${last.to.toISOString()}`).toBe(due.length);
  }
}

/** Of each pipeline and verdict, what the ledger and the runs say in the end. */
async function truth(): Promise<Record<string, number>> {
  const rows = await db.owner<{ key: string; n: number }[]>`
    select o.pipeline_id || ' ' || case when o.verdict = 'fired' and r.started_at is null then 'Skipped or cancelled'
        when o.verdict = 'fired' then 'On time' when o.verdict = 'late' then 'Late'
        when o.verdict like 'skipped%' then 'Skipped or cancelled' else 'Missed' end as key, sum(o.count)::int as n
    from occurrences o left join runs r on r.id = o.run_id group by 1`;
  return Object.fromEntries(rows.map(({ key, n }) => [key, n]));
}
