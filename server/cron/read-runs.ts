// What the cron tier did, for the page and the API. A run is the installation's: only an instance operator sees
// what it did for every tenant, everybody else what it did for theirs.

import type { z } from 'zod';
import { type SQL, sql } from '#db/drizzle.ts';
import { decodeCursor, isUuid, query, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import { describeSchedule } from '#server/schedules/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { CRON_JOBS, findJob } from './jobs.ts';
import type { CronJobItem, CronJobList, CronRunItem, CronRunPage, ListCronRunsInput } from './schemas.ts';

type Run = z.output<typeof CronRunItem>;
type Job = z.output<typeof CronJobItem>;

const RECENT = 20;
/** What anybody may know of how a run was asked for. Other values can name a tenant, and earlier releases stored all that came. */
const FLAGS = JSON.stringify(
  CRON_JOBS.flatMap(({ options = [] }) => options.filter(({ kind }) => kind === 'flag').map(({ name }) => name)),
);

/** Who runs the installation, signed in as a person. */
export const isOperator = (ctx: Ctx): boolean => ctx.actor.kind === 'user' && ctx.actor.isInstanceOperator;

/** A run's columns as this caller may see them; another tenant's part never leaves the database. */
function columns(ctx: Ctx): SQL {
  const plain = sql`r.id, r.job, r.slot, r.trigger, r.attempt, r.process_id as "processId", r.started_at as "startedAt",
    r.finished_at as "finishedAt", r.outcome, r.outcome = 'running' and r.lease_until < clock_timestamp() as "isSilent"`;
  if (isOperator(ctx))
    return sql`${plain}, r.params, r.requested_by as "requestedBy", r.counts, r.error, r.per_tenant as "perTenant"`;
  const own = sql`(select jsonb_agg(e) from jsonb_array_elements(r.per_tenant) e where e ->> 'tenantId' = ${ctx.tenant.id})`;
  const flags = sql`(select jsonb_object_agg(p.key, p.value) from jsonb_each_text(r.params) p
    where p.key in (select jsonb_array_elements_text(${FLAGS}::text::jsonb)) and p.value in ('1', 'true'))`;
  return sql`${plain}, coalesce(${flags}, '{}') as params, '' as "requestedBy", coalesce(${own} -> 0 -> 'counts', '{}') as counts, null as error,
    coalesce(${own}, '[]') as "perTenant"`;
}

const toRun = (row: Run): Run => ({
  ...row,
  slot: iso(row.slot),
  startedAt: iso(row.startedAt)!,
  finishedAt: iso(row.finishedAt),
  isSilent: row.isSilent === true,
});
const iso = (text: string | null) => (text === null ? null : new Date(text).toISOString());

/** Every job there is, as the workers fire it, with its latest runs. */
export function listJobs(ctx: Ctx): Promise<z.output<typeof CronJobList>> {
  return withTransaction(ctx, async (tx) => {
    const declared = await query<{
      job: string;
      schedule: string | null;
      firedBy: Job['firedBy'];
      nextFireAt: string | null;
      isRequested: boolean;
    }>(
      tx,
      sql`select j.job, j.schedule, j.fired_by as "firedBy", j.next_fire_at as "nextFireAt",
          exists (select from cron_requests q where q.job = j.job) as "isRequested"
        from cron_jobs j`,
    );
    const known = new Map(declared.map((row) => [row.job, row]));
    const recent = await readRecent(tx, ctx);
    const items = CRON_JOBS.map((job): Job => {
      const row = known.get(job.name);
      const runs = recent.get(job.name) ?? [];
      const isSelfTimed = job.isLeased === false;
      return {
        ...{ name: job.name, path: `/api/v1/cron/${job.path}`, summary: job.summary, isSelfTimed },
        schedule: row?.schedule ?? null,
        scheduleInWords: row?.schedule ? wordsOf(row.schedule) : null,
        defaultSchedule: job.schedule,
        recommended: job.recommended ?? null,
        firedBy: row?.firedBy ?? null,
        nextFireAt: isSelfTimed ? null : iso(row?.nextFireAt ?? null),
        options: [...(job.options ?? [])],
        isRequested: row?.isRequested ?? false,
        lastRun: runs[0] ?? null,
        recentOutcomes: runs.map(({ id, outcome, startedAt }) => ({ id, outcome, startedAt })),
      };
    });
    return { items, mayRun: isOperator(ctx) };
  });
}

const wordsOf = (expression: string) => describeSchedule({ kind: 'cron', expression, timezone: 'UTC' });

/** By job, newest first. */
async function readRecent(tx: Tx, ctx: Ctx): Promise<Map<string, Run[]>> {
  const names = JSON.stringify(CRON_JOBS.map((job) => job.name));
  const rows = await query<Run>(
    tx,
    sql`select latest.* from jsonb_array_elements_text(${names}::text::jsonb) n(job)
      cross join lateral (select ${columns(ctx)} from cron_runs r where r.job = n.job
        order by r.started_at desc, r.id desc limit ${RECENT}) latest`,
  );
  const byJob = new Map<string, Run[]>();
  for (const row of rows) byJob.set(row.job, [...(byJob.get(row.job) ?? []), toRun(row)]);
  return byJob;
}

/**
 * A job's runs, newest first.
 * @throws ServiceError JOB_NOT_FOUND, INPUT_INVALID for a cursor that is none
 */
export function listRuns(ctx: Ctx, input: ListCronRunsInput): Promise<z.output<typeof CronRunPage>> {
  const { name } = findJob(input.job);
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Run>(
      tx,
      sql`select ${columns(ctx)} from cron_runs r where r.job = ${name} ${before(input.cursor)}
        order by r.started_at desc, r.id desc limit ${input.limit + 1}`,
    );
    return toPage(rows.map(toRun), input.limit, (run) => [run.startedAt, run.id]);
  });
}

function before(cursor: string | undefined): SQL {
  if (cursor === undefined) return sql``;
  const [startedAt = '', id = ''] = decodeCursor(cursor, 2);
  if (!isUuid(id) || Number.isNaN(Date.parse(startedAt)))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  return sql`and (r.started_at, r.id) < (${startedAt}::timestamptz, ${id}::uuid)`;
}
