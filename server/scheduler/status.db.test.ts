import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { documentOf, openTenant } from '#server/pipelines/testing/index.ts';
import { startRun } from '#server/runs/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { SchedulerStatusOutput } from './schemas.ts';
import { schedulerStatus } from './status.ts';
import { tick } from './tick.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const ids: Record<string, string> = {};
let ctx: Ctx;

const SCHEDULES: Record<string, object | null> = {
  cron: { kind: 'cron', expression: '*/5 * * * *', timezone: 'Europe/Berlin' },
  interval: { kind: 'interval', minutes: 5 },
  rrule: { kind: 'rrule', rrule: 'DTSTART:20260101T090000\nRRULE:FREQ=DAILY', timezone: 'America/New_York' },
  unscheduled: null,
};

beforeAll(async () => {
  ctx = await openTenant(db, 'acme');
  for (const [name, schedule] of Object.entries(SCHEDULES)) {
    const labels = { team: name === 'cron' ? 'red' : 'blue', ...(schedule ? { scheduled: 'yes' } : {}) };
    const { id } = await createPipeline(ctx, { document: documentOf(name, { labels, schedule }) });
    await publishVersion(ctx, { id });
    ids[name] = id;
  }
  await createPipeline(ctx, { document: documentOf('draft') });
});

const status = (input: { label?: string[]; limit?: number; cursor?: string } = {}) =>
  schedulerStatus(ctx, { limit: 50, ...input });
const item = async (name: string) => {
  const found = (await status()).items.find((one) => one.name === name);
  if (!found) throw new Error(`${name} is not in the status`);
  return found;
};
/** The schedule's next fire set back, and a tick by the database's clock. */
async function fire(name: string, secondsAgo = 2): Promise<void> {
  await db.owner`update schedules set next_fire_at = now() - make_interval(secs => ${secondsAgo}) where pipeline_id = ${ids[name]!}`;
  await tick({ pool: db.worker, log, processId: 'test' });
}

describe('the scheduler status', () => {
  it('has every live pipeline by name, with its schedule in words and its next five fires', async () => {
    const answer = await status();
    expect(SchedulerStatusOutput.parse(answer)).toEqual(answer);
    expect(answer.items.map((one) => one.name)).toEqual(['cron', 'interval', 'rrule', 'unscheduled']);
    for (const one of answer.items.slice(0, 3)) {
      expect(one.nextFires).toHaveLength(5);
      expect(one.scheduleWords).toEqual(expect.any(String));
      const instants = one.nextFires.map((next) => Date.parse(next.at));
      expect(instants).toEqual([...instants].sort((a, b) => a - b));
      expect(instants[0]).toBeGreaterThan(Date.parse(answer.health.now));
      expect(one).toMatchObject({
        enabled: true,
        paused: null,
        lagMinutes: null,
        lastRunAt: null,
        lastRunStatus: null,
        recent: [],
      });
    }
    expect(answer.items[0]).toMatchObject({
      pipelineId: ids.cron,
      schedule: SCHEDULES.cron,
      timezone: 'Europe/Berlin',
    });
    expect(answer.items[3]).toMatchObject({
      enabled: false,
      schedule: null,
      scheduleWords: null,
      nextFires: [],
      lagMinutes: null,
    });
  });

  it('narrows by labels, by key alone and by key and value, all of them', async () => {
    const names = async (...label: string[]) => (await status({ label })).items.map((one) => one.name);
    expect(await names('team:red')).toEqual(['cron']);
    expect(await names('team:blue', 'scheduled')).toEqual(['interval', 'rrule']);
    expect(await names('scheduled')).toEqual(['cron', 'interval', 'rrule']);
    expect(await names('team:re')).toEqual([]);
    expect(await names("team:' or true --")).toEqual([]);
  });

  it('gives each pipeline once over its pages, and no cursor on the last', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await status({ limit: 3, ...(cursor ? { cursor } : {}) });
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map((one) => one.name));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(['cron', 'interval', 'rrule', 'unscheduled']);
    expect((await status({ limit: 4 })).nextCursor).toBeNull();
    await expect(status({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it("has a growing lag from the due instant on, which stops at the run's start", async () => {
    await fire('interval', 300);
    const waiting = await item('interval');
    expect(waiting.lastRunStatus).toBe('queued');
    expect(waiting.lagMinutes).toBeGreaterThanOrEqual(0);
    const [run] = await db.owner<
      { due: Date }[]
    >`update runs set status = 'running', started_at = scheduled_for + interval '90 seconds'
      where pipeline_id = ${ids.interval!} returning scheduled_for as due`;
    const started = await item('interval');
    expect(started).toMatchObject({
      lagMinutes: 1.5,
      expectedAt: new Date(run!.due).toISOString(),
      lastRunStatus: 'running',
    });
    expect(started.recent.reduce((sum, bucket) => sum + bucket.count, 0)).toBeGreaterThanOrEqual(1);
  });

  it('does not count a run by hand towards the lag', async () => {
    await fire('cron', 1);
    const before = await item('cron');
    await startRun(ctx, { id: ids.cron! });
    const after = await item('cron');
    expect(after.expectedAt).toBe(before.expectedAt);
    expect(after.lagMinutes).toBeGreaterThanOrEqual(before.lagMinutes!);
    expect(after.lastRunId).not.toBe(before.lastRunId);
  });

  it('says paused, by whom and why, and then has no lag', async () => {
    await db.owner`update schedules set paused_at = now(), paused_by = 'ada', pause_reason = 'repair' where pipeline_id = ${ids.rrule!}`;
    expect(await item('rrule')).toMatchObject({
      paused: { by: 'ada', reason: 'repair', until: null },
      lagMinutes: null,
    });
    // No tick has cleared it yet, but its end has come.
    await db.owner`update schedules set pause_until = now() - interval '1 second' where pipeline_id = ${ids.rrule!}`;
    expect(await item('rrule')).toMatchObject({ paused: null });
    await db.owner`update schedules set pause_until = null where pipeline_id = ${ids.rrule!}`;
  });

  it('tells a dead scheduler from one with nothing to do', async () => {
    await tick({ pool: db.worker, log, processId: 'test' });
    const alive = await status();
    expect(alive.health).toMatchObject({ oldestDueUnfiredAt: null });
    expect(alive.health.tickLagSeconds).toBeLessThan(60);
    await db.owner`update scheduler_state set last_tick_at = now() - interval '10 minutes'`;
    await db.owner`update schedules set next_fire_at = now() - interval '9 minutes' where pipeline_id = ${ids.interval!}`;
    const dead = await status();
    expect(dead.health.tickLagSeconds).toBeGreaterThanOrEqual(600);
    expect(Date.parse(dead.health.oldestDueUnfiredAt!)).toBeLessThan(Date.now() - 500_000);
    expect((await item('interval')).lagMinutes).toBeGreaterThanOrEqual(9);
  });

  it('is read in one transaction of the tenant, and is empty for another', async () => {
    const other = await openTenant(db, 'other');
    expect(await schedulerStatus(other, { limit: 50 })).toMatchObject({
      items: [],
      nextCursor: null,
      health: { oldestDueUnfiredAt: null },
    });
    const joined = await transaction(db.app, { tenantId: ctx.tenant.id }, (tx) =>
      schedulerStatus({ ...ctx, tx }, { limit: 1 }),
    );
    expect(joined.items).toHaveLength(1);
  });
});
