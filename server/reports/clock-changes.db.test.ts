// Reports over the days on which clocks change, made pass by pass as a worker does it, with the pass's clock in our hands.
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { type Clock, createLogger } from '#server/lib/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { makeDueReports } from './index.ts';
import { createReportSchedule } from './schedules.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A schedule in Berlin that was told of everything up to an instant of its rule. */
async function openDaily(slug: string, cron: string, { coveredTo, nextAt }: { coveredTo: string; nextAt: string }) {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const ctx: Ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
  const { id } = await createReportSchedule(ctx, {
    ...{ name: 'every day', template: 'fleet_summary', cron, timezone: 'Europe/Berlin', enabled: true },
    channels: [{ kind: 'log' }],
  });
  await db.owner`update report_schedules set covered_to = ${coveredTo}, next_at = ${nextAt} where id = ${id}`;
  return {
    /** A pass every half hour, and each of them twice: who comes again makes nothing. */
    async pass(from: string, until: string) {
      for (let ms = Date.parse(from); ms <= Date.parse(until); ms += 30 * MINUTE_MS) {
        const clock: Clock = { now: async () => new Date(ms) };
        for (let i = 0; i < 2; i += 1) expect((await makeDueReports({ pool: db.worker, log, clock })).failed).toBe(0);
      }
      await db.owner`update report_schedules set enabled = false where id = ${id}`;
    },
    async stretches() {
      const rows = await db.owner<
        { from: string; to: string }[]
      >`select period_from as from, period_to as to from reports
        where schedule_id = ${id} order by due_at`;
      return rows.map((row) => {
        const [from, to] = [new Date(row.from), new Date(row.to)];
        return { from: from.toISOString(), to: to.toISOString(), hours: (to.getTime() - from.getTime()) / HOUR_MS };
      });
    },
  };
}

it.each([
  {
    says: 'the day the clock is set forward is told of as 23 hours',
    slug: 'forward',
    cron: '0 0 * * *',
    slots: ['2026-03-27T23:00', '2026-03-28T23:00', '2026-03-29T22:00', '2026-03-30T22:00'],
    hours: [24, 23, 24],
  },
  {
    says: 'the day the clock is set back is told of as 25 hours',
    slug: 'back',
    cron: '0 0 * * *',
    slots: ['2026-10-23T22:00', '2026-10-24T22:00', '2026-10-25T23:00', '2026-10-26T23:00'],
    hours: [24, 25, 24],
  },
  {
    says: 'a time that is skipped is made up for at the end of the gap',
    slug: 'skipped',
    cron: '30 2 * * *',
    slots: ['2026-03-27T01:30', '2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
    hours: [24, 23.5, 23.5],
  },
  {
    says: 'a time that comes twice is due the first time only',
    slug: 'twice',
    cron: '30 2 * * *',
    slots: ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30'],
    hours: [24, 25, 24],
  },
])('$says: one report per slot, without gap or overlap', async ({ slug, cron, slots, hours }) => {
  const at = slots.map((slot) => `${slot}:00.000Z`);
  const daily = await openDaily(slug, cron, { coveredTo: at[0]!, nextAt: at[1]! });
  await daily.pass(at[0]!, new Date(Date.parse(at.at(-1)!) + 2 * HOUR_MS).toISOString());
  expect(await daily.stretches()).toEqual(hours.map((length, i) => ({ from: at[i]!, to: at[i + 1]!, hours: length })));
});
