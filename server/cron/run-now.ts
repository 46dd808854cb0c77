import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { query, queryOne, ServiceError, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { findJob, paramsOf } from './jobs.ts';
import type { RunCronJobInput, RunCronJobOutput } from './schemas.ts';

/**
 * Asks the workers to run a job; one takes it within some seconds. The next fire stays where it is.
 * @throws ServiceError JOB_NOT_FOUND, JOB_NOT_RUNNABLE, JOB_RUNNING
 */
export function runNow(ctx: Ctx, input: RunCronJobInput): Promise<z.output<typeof RunCronJobOutput>> {
  const job = findJob(input.job);
  if (job.isLeased === false)
    throw new ServiceError('JOB_NOT_RUNNABLE', `${job.name} runs by itself whenever something is due`);
  const params = paramsOf(job, input.params);
  const given = JSON.stringify(params);
  return withTransaction(ctx, async (tx) => {
    const [busy] = await query<{ since: string }>(
      tx,
      sql`select r.started_at as since from cron_runs r join cron_jobs j on j.run_id = r.id
        where j.job = ${job.name} and r.outcome = 'running' and r.lease_until > clock_timestamp()
        union all select requested_at from cron_requests where job = ${job.name} and params = ${given}::text::jsonb limit 1`,
    );
    if (busy)
      throw new ServiceError(
        'JOB_RUNNING',
        `${job.name} runs already or is about to, since ${busy.since}: wait for it`,
      );
    const request = await queryOne<{ id: string }>(
      tx,
      sql`insert into cron_requests (job, params, requested_by)
        values (${job.name}, ${given}::text::jsonb, ${actorName(ctx.actor)}) returning id`,
    );
    await recordAudit(tx, ctx, {
      ...{ action: 'cron.run', targetKind: 'cron_job', targetId: job.name, details: { params } },
    });
    return { requestId: request.id, job: job.name };
  });
}
