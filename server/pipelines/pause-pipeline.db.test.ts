import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getPipeline } from './get-pipeline.ts';
import { createPipeline, publishVersion, saveIr } from './index.ts';
import { listPipelineOccurrences, pausePipeline, resumePipeline } from './pause-pipeline.ts';
import { documentOf, openTenant } from './testing/index.ts';

const db = await testDatabase();
const HOURLY = { kind: 'cron', expression: '0 * * * *', timezone: 'UTC' };
let ctx: Ctx;
let id: string;
let made = 0;

beforeAll(async () => {
  ctx = await openTenant(db, 'acme');
});
beforeEach(async () => {
  made += 1;
  ({ id } = await createPipeline(ctx, { document: documentOf(`p${made}`, { schedule: HOURLY }) }));
  await publishVersion(ctx, { id });
});

type Row = { version: number; next: Date | null; enabled: boolean; policies: Record<string, unknown> };
const row = async () =>
  (
    await db.owner<
      Row[]
    >`select version, next_fire_at::text as next, enabled, policies from schedules where pipeline_id = ${id}`
  ).map((one) => ({ ...one, next: one.next === null ? null : new Date(one.next) }))[0]!;
const publish = async (parts: Record<string, unknown>) => {
  const { latestVersion } = await getPipeline(ctx, { id });
  await saveIr(ctx, { id, baseVersion: latestVersion, document: documentOf(`p${made}`, parts) });
  return publishVersion(ctx, { id });
};
const setNext = (at: string) =>
  db.owner.unsafe(`update schedules set next_fire_at = ${at} where pipeline_id = '${id}'`);
const isInFuture = (at: Date | null) => at !== null && at.getTime() > Date.now();

describe('publishing a schedule', () => {
  it('fires nothing of the past: the first fire is after now', async () => {
    const { next, version, enabled } = await row();
    expect({ version, enabled }).toEqual({ version: 1, enabled: true });
    expect(isInFuture(next)).toBe(true);
    expect(next!.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect(next!.getUTCMinutes()).toBe(0);
  });

  it('with an unchanged rule keeps the next fire, even one that is due, and takes the new policies', async () => {
    await setNext("date_trunc('milliseconds', now() - interval '10 minutes')");
    const before = await row();
    await publish({ schedule: HOURLY, policies: { overlap: 'allow_all' }, description: 'another' });
    expect(await row()).toMatchObject({ version: 2, next: before.next, policies: { overlap: 'allow_all' } });
  });

  it('with a changed rule fires nothing of the past, also when something was due', async () => {
    await setNext("now() - interval '10 minutes'");
    await publish({ schedule: { ...HOURLY, expression: '*/7 * * * *' } });
    expect(isInFuture((await row()).next)).toBe(true);
    await setNext("now() - interval '10 minutes'");
    await publish({ schedule: { ...HOURLY, expression: '*/7 * * * *', timezone: 'Asia/Tokyo' } });
    expect(isInFuture((await row()).next)).toBe(true);
    await setNext("now() - interval '10 minutes'");
    await publish({
      schedule: { ...HOURLY, expression: '*/7 * * * *', timezone: 'Asia/Tokyo' },
      policies: { dst: { gap: 'skip' } },
    });
    expect(isInFuture((await row()).next)).toBe(true);
  });

  it('without a schedule ends it, and with one again begins after now', async () => {
    await publish({ schedule: null });
    expect(await row()).toMatchObject({ enabled: false, next: null });
    await expect(pausePipeline(ctx, { id, reason: 'x' })).rejects.toMatchObject({ code: 'PIPELINE_HAS_NO_SCHEDULE' });
    await publish({ schedule: HOURLY });
    expect(await row()).toMatchObject({ enabled: true });
    expect(isInFuture((await row()).next)).toBe(true);
  });

  it('keeps a pause', async () => {
    await pausePipeline(ctx, { id, reason: 'repair' });
    await publish({ schedule: { ...HOURLY, expression: '30 * * * *' } });
    expect((await getPipeline(ctx, { id })).paused).toMatchObject({ reason: 'repair' });
  });
});

describe('pausing', () => {
  it('keeps who, why and until when; resuming forgets them and leaves the next fire', async () => {
    const before = await row();
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect(await pausePipeline(ctx, { id, reason: 'repair', until })).toMatchObject({ id, pauseUntil: until });
    expect((await getPipeline(ctx, { id })).paused).toMatchObject({ by: 'system:test', reason: 'repair', until });
    expect(await resumePipeline(ctx, { id })).toEqual({ id, nextFireAt: before.next?.toISOString() });
    expect((await getPipeline(ctx, { id })).paused).toBeNull();
    const audits = await db.owner<
      { action: string }[]
    >`select action from audit_log where target_id = ${id} order by id`;
    expect(audits.map((one) => one.action).slice(-2)).toEqual(['pipeline.pause', 'pipeline.resume']);
  });

  it('twice keeps the newer reason; resuming what is not paused changes nothing', async () => {
    await pausePipeline(ctx, { id, reason: 'first' });
    await pausePipeline(ctx, { id, reason: 'second' });
    expect((await getPipeline(ctx, { id })).paused).toMatchObject({ reason: 'second' });
    await resumePipeline(ctx, { id });
    await resumePipeline(ctx, { id });
    expect((await getPipeline(ctx, { id })).paused).toBeNull();
  });

  it('is refused for a pipeline that is not published', async () => {
    const draft = await createPipeline(ctx, { document: documentOf(`draft${made}`, { schedule: HOURLY }) });
    for (const act of [pausePipeline(ctx, { id: draft.id, reason: 'x' }), resumePipeline(ctx, { id: draft.id })])
      await expect(act).rejects.toMatchObject({ code: 'PIPELINE_HAS_NO_SCHEDULE' });
  });
});

describe("a pipeline's ledger", () => {
  it('comes newest first, in pages that give each row once', async () => {
    await db.owner`insert into occurrences (schedule_id, due_at, tenant_id, pipeline_id, verdict, due_until, count)
      select s.id, date_trunc('hour', now()) - make_interval(hours => n), s.tenant_id, s.pipeline_id,
        case when n = 2 then 'skipped_paused' else 'fired' end, case when n = 2 then now() end, case when n = 2 then 30 else 1 end
      from schedules s, generate_series(1, 5) n where s.pipeline_id = ${id}`;
    const seen: { dueAt: string; verdict: string; count: number }[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listPipelineOccurrences>> = await listPipelineOccurrences(ctx, {
        ...{ id, limit: 2 },
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toHaveLength(5);
    expect(seen.map((one) => one.dueAt)).toEqual(
      seen
        .map((one) => one.dueAt)
        .sort()
        .reverse(),
    );
    expect(seen[1]).toMatchObject({ verdict: 'skipped_paused', count: 30 });
    for (const bad of ['W10', 'WyJub3QgYSBkYXRlIl0'])
      await expect(listPipelineOccurrences(ctx, { id, limit: 2, cursor: bad })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
      });
  });
});
