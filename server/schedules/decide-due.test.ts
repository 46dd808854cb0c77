import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Policies, type Schedule } from '#server/ir/index.ts';
import { type Decision, type DueInput, decideDue, isFiring, lateGraceMs } from './decide-due.ts';
import { nextFires } from './next-fire.ts';

const everyMinute: Schedule = { kind: 'cron', expression: '* * * * *', timezone: 'UTC' };
const everyQuarter: Schedule = { kind: 'interval', minutes: 15, phaseMinutes: 0 };
const at = (time: string) => new Date(`2026-11-21T${time}Z`);
const policies = (changes: object = {}) => Policies.parse(changes);

function decide(changes: Partial<DueInput>): Decision {
  return decideDue({
    schedule: everyQuarter,
    policies: policies(),
    nextFireAt: at('10:00'),
    now: at('10:00'),
    hasActiveRun: false,
    ...changes,
  });
}

/** `HH:MM[-HH:MM] ×count verdict` of each row, then the next fire. */
function show({ rows, nextFireAt }: Decision): string[] {
  const clock = (date: Date) => date.toISOString().slice(11, 16);
  const lines = rows.map(
    (row) => `${clock(row.dueAt)}${row.until ? `-${clock(row.until)}` : ''} ×${row.count} ${row.verdict}`,
  );
  return [...lines, nextFireAt === null ? 'ended' : `next ${clock(nextFireAt)}`];
}

describe('what the tick decides', () => {
  it('fires one instant that is due, even some seconds late', () => {
    expect(show(decide({ now: at('10:00:00.004') }))).toEqual(['10:00 ×1 fired', 'next 10:15']);
    expect(show(decide({ now: at('10:14:59') }))).toEqual(['10:00 ×1 fired', 'next 10:15']);
  });

  it('does nothing before the next fire, also when the clock stepped back', () => {
    expect(show(decide({ now: at('09:59:59.999') }))).toEqual(['next 10:00']);
  });

  it('fires the newest late after an outage and coalesces the others into one row', () => {
    expect(show(decide({ now: at('11:07') }))).toEqual(['10:00-10:45 ×4 coalesced', '11:00 ×1 late', 'next 11:15']);
    expect(show(decide({ schedule: everyMinute, now: at('10:01:10') }))).toEqual([
      '10:00 ×1 coalesced',
      '10:01 ×1 late',
      'next 10:02',
    ]);
  });

  it('calls late what starts more than twice the interval after it was due', () => {
    const twiceADay: Schedule = { kind: 'cron', expression: '0 8,9 * * *', timezone: 'UTC' };
    expect(lateGraceMs(twiceADay, at('09:00'), policies().dst)).toBe(2 * 3_600_000);
    const due = { schedule: twiceADay, nextFireAt: at('09:00') };
    expect(show(decide({ ...due, now: at('11:00') }))).toEqual(['09:00 ×1 fired', 'next 08:00']);
    expect(show(decide({ ...due, now: at('11:00:00.001') }))).toEqual(['09:00 ×1 late', 'next 08:00']);
    expect(lateGraceMs({ kind: 'interval', minutes: 1, phaseMinutes: 0 }, at('09:00'), policies().dst)).toBe(120_000);
  });

  it('skips the newest when a run is active, and coalesces the older ones', () => {
    expect(show(decide({ now: at('10:31'), hasActiveRun: true }))).toEqual([
      '10:00-10:15 ×2 coalesced',
      '10:30 ×1 skipped_overlap',
      'next 10:45',
    ]);
    const allowed = policies({ overlap: 'allow_all' });
    expect(show(decide({ hasActiveRun: true, policies: allowed }))).toEqual(['10:00 ×1 fired', 'next 10:15']);
    const buffered = { hasActiveRun: true, policies: policies({ overlap: 'buffer_one' }) };
    expect(show(decide(buffered))).toEqual(['10:00 ×1 fired', 'next 10:15']);
    expect(show(decide({ ...buffered, hasWaitingRun: true }))).toEqual(['10:00 ×1 skipped_overlap', 'next 10:15']);
  });

  it('records all that is due while paused as one row, or holds it when the policy is to queue', () => {
    const paused = { now: at('11:07'), pausedAt: at('09:30') };
    expect(show(decide(paused))).toEqual(['10:00-11:00 ×5 skipped_paused', 'next 11:15']);
    expect(show(decide({ ...paused, policies: policies({ onPause: 'queue' }) }))).toEqual(['next 10:00']);
  });

  it('makes up for nothing older than the catch-up window', () => {
    const window = policies({ catchUpWindowMinutes: 30 });
    expect(show(decide({ now: at('11:07'), policies: window }))).toEqual([
      '10:00-10:30 ×3 missed_window',
      '10:45 ×1 coalesced',
      '11:00 ×1 late',
      'next 11:15',
    ]);
    const daily: Schedule = { kind: 'cron', expression: '0 2 * * *', timezone: 'UTC' };
    expect(show(decide({ schedule: daily, nextFireAt: at('02:00'), now: at('11:00'), policies: window }))).toEqual([
      '02:00 ×1 missed_window',
      'next 02:00',
    ]);
  });

  it('with catch-up none misses what is beyond the grace', () => {
    expect(show(decide({ now: at('11:07'), policies: policies({ catchUp: 'none' }) }))).toEqual([
      '10:00-10:30 ×3 missed_window',
      '10:45 ×1 coalesced',
      '11:00 ×1 fired',
      'next 11:15',
    ]);
  });

  it('with catch-up all fires the newest up to the cap, where overlap lets it', () => {
    const all = { catchUp: 'all', catchUpCap: 2 };
    expect(show(decide({ now: at('11:07'), policies: policies({ ...all, overlap: 'allow_all' }) }))).toEqual([
      '10:00-10:30 ×3 capped',
      '10:45 ×1 fired',
      '11:00 ×1 fired',
      'next 11:15',
    ]);
    expect(show(decide({ now: at('11:07'), policies: policies(all) }))).toEqual([
      '10:00-10:30 ×3 capped',
      '10:45 ×1 skipped_overlap',
      '11:00 ×1 fired',
      'next 11:15',
    ]);
  });

  it('ends with the rule', () => {
    const once: Schedule = {
      kind: 'rrule',
      rrule: 'DTSTART:20261121T100000\nRRULE:FREQ=DAILY;COUNT=1',
      timezone: 'UTC',
    };
    expect(show(decide({ schedule: once, now: at('10:00:30') }))).toEqual(['10:00 ×1 fired', 'ended']);
    expect(show(decide({ schedule: once, now: at('10:01:01') }))).toEqual(['10:00 ×1 late', 'ended']);
  });

  it('counts a year of minutes of an interval at once', () => {
    const minutely: Schedule = { kind: 'interval', minutes: 1, phaseMinutes: 0 };
    const year = policies({ catchUpWindowMinutes: 527_040 });
    const decision = decide({
      schedule: minutely,
      policies: year,
      nextFireAt: new Date('2025-11-21T10:00Z'),
      now: at('10:00:30'),
    });
    expect(decision.rows.map((row) => [row.verdict, row.count])).toEqual([
      ['coalesced', 525_600],
      ['late', 1],
    ]);
  });

  it('takes a long outage of a cron in passes; only the last one fires', () => {
    let nextFireAt: Date | null = at('00:00');
    const seen: string[] = [];
    for (let pass = 0; nextFireAt !== null && nextFireAt <= at('10:00:30') && pass < 20; pass += 1) {
      const decision: Decision = decide({ schedule: everyMinute, nextFireAt, now: at('10:00:30'), maxInstants: 200 });
      seen.push(...show(decision).slice(0, -1), decision.isContinued ? 'continued' : 'done');
      nextFireAt = decision.nextFireAt;
    }
    expect(seen).toEqual([
      '00:00-03:19 ×200 coalesced',
      'continued',
      '03:20-06:39 ×200 coalesced',
      'continued',
      '06:40-09:59 ×200 coalesced',
      'continued',
      '10:00 ×1 fired',
      'done',
    ]);
  });

  it('decides every due instant exactly once, whatever the policy and however many passes', () => {
    const anySchedule = fc.constantFrom<Schedule>(
      everyQuarter,
      { kind: 'interval', minutes: 7, phaseMinutes: 3 },
      { kind: 'cron', expression: '*/10 * * * *', timezone: 'Europe/Berlin' },
      { kind: 'cron', expression: '30 2,14 * * *', timezone: 'America/New_York' },
      {
        kind: 'rrule',
        rrule: 'DTSTART:20260101T013000\nRRULE:FREQ=HOURLY;INTERVAL=3',
        timezone: 'Australia/Lord_Howe',
      },
    );
    const anyPolicies = fc
      .record({
        overlap: fc.constantFrom('skip', 'buffer_one', 'buffer_all', 'cancel_other', 'allow_all'),
        catchUp: fc.constantFrom('last', 'none', 'all'),
        catchUpWindowMinutes: fc.integer({ min: 1, max: 3_000 }),
        catchUpCap: fc.integer({ min: 1, max: 30 }),
      })
      .map((changes) => policies(changes));
    fc.assert(
      fc.property(
        anySchedule,
        anyPolicies,
        fc.integer({ min: Date.UTC(2026, 2, 7), max: Date.UTC(2026, 10, 2) }),
        fc.integer({ min: 0, max: 3 * 86_400_000 }),
        fc.integer({ min: 2, max: 60 }),
        fc.record({ hasActiveRun: fc.boolean(), isPaused: fc.boolean() }),
        (schedule, policy, fromMs, outageMs, maxInstants, { hasActiveRun, isPaused }) => {
          const dst = policy.dst;
          const [first] = nextFires(schedule, { after: new Date(fromMs), count: 1, dst });
          if (first === undefined) throw new Error('each of these schedules goes on for ever');
          const now = new Date(first.at.getTime() + outageMs);
          const due = [first, ...nextFires(schedule, { after: first.at, count: 10_000, dst, until: now })];
          const decided: number[] = [];
          let nextFireAt: Date | null = first.at;
          let isFired = false;
          while (nextFireAt !== null && nextFireAt <= now) {
            const pausedAt = isPaused ? first.at : null;
            const decision: Decision = decideDue({
              schedule,
              policies: policy,
              nextFireAt,
              now,
              hasActiveRun,
              pausedAt,
              maxInstants,
            });
            expect(decision.rows.length).toBeGreaterThan(0);
            for (const row of decision.rows) {
              const index = decided.length;
              expect(row.dueAt).toEqual(due[index]?.at);
              expect(row.until ?? row.dueAt).toEqual(due[index + row.count - 1]?.at);
              expect(row.until === null).toBe(row.count === 1);
              if (isFiring(row.verdict)) {
                expect(row.count).toBe(1);
                isFired = true;
              } else expect(isFired, 'nothing after a fire in the same tick is passed over').toBe(false);
              for (let k = 0; k < row.count; k += 1) decided.push(due[index + k]?.at.getTime() ?? Number.NaN);
            }
            expect(decision.isContinued).toBe(decision.nextFireAt !== null && decision.nextFireAt <= now);
            nextFireAt = decision.nextFireAt;
          }
          expect(decided).toEqual(due.map((fire) => fire.at.getTime()));
          if (isPaused) expect(isFired).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});
