// What the cron loop has to do now, by the database's clock. What is due stays due until a claim has moved the next
// fire on in its own transaction: a worker that dies in between leaves it to the next.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { databaseClock, query, type Tx, transaction } from '#server/lib/index.ts';
import type { Firing } from './run-job.ts';
import { type JobSchedules, latestSlot, nextSlot } from './schedules.ts';

/** A slot whose process died or was stopped is tried so often in all. */
const MAX_ATTEMPTS = 3;

export type FiredBy = 'worker' | 'http' | 'both';
export type Plan = {
  fire: { job: string; firing: Firing }[];
  /** Until the next fire; null: no job here has one. */
  msToNext: number | null;
};

/**
 * Says which jobs this installation fires and when. A new or changed schedule never fires the past; an unchanged
 * one keeps its next fire, so that what fell due while no worker ran is made up for.
 */
export function declareJobs(pool: Pool, schedules: JobSchedules, firedBy: FiredBy): Promise<void> {
  return transaction(pool, {}, async (tx) => {
    const now = await databaseClock.now(tx);
    // By name, so that two workers that start at once do not wait for each other in a circle.
    for (const [job, given] of [...schedules].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const schedule = firedBy === 'http' ? null : given;
      const next = schedule === null ? null : nextSlot(schedule, now);
      await tx.execute(sql`insert into cron_jobs as j (job, schedule, fired_by, next_fire_at)
        values (${job}, ${schedule}, ${firedBy}, ${next?.toISOString() ?? null}::timestamptz)
        on conflict (job) do update set schedule = excluded.schedule, fired_by = excluded.fired_by, updated_at = now(),
          next_fire_at = case when j.schedule = excluded.schedule and j.next_fire_at is not null then j.next_fire_at
            else excluded.next_fire_at end`);
    }
  });
}

/** What is due, what an operator asked for, and what died on its way and is to go on. */
export function readPlan(pool: Pool, schedules: JobSchedules): Promise<Plan> {
  return transaction(pool, { statementTimeoutMs: 10_000 }, async (tx) => {
    const now = await databaseClock.now(tx);
    const due = await readDue(tx, schedules, now);
    const [next] = await query<{ at: string | null }>(
      tx,
      sql`select min(next_fire_at) as at from cron_jobs where next_fire_at > ${now.toISOString()}::timestamptz`,
    );
    return {
      fire: [...(await readRequests(tx)), ...due, ...(await readResumable(tx, due))],
      msToNext: next?.at ? new Date(next.at).getTime() - now.getTime() : null,
    };
  });
}

/** By this worker's schedules: a job that is off here is another's to fire, if anyone's. */
async function readDue(tx: Tx, schedules: JobSchedules, now: Date): Promise<Plan['fire']> {
  const rows = await query<{ job: string; at: string }>(
    tx,
    sql`select job, next_fire_at as at from cron_jobs where next_fire_at <= ${now.toISOString()}::timestamptz order by job`,
  );
  return rows.flatMap(({ job, at }) => {
    const expression = schedules.get(job);
    if (!expression) return [];
    const slot = latestSlot(expression, new Date(at), now);
    return [{ job, firing: { trigger: 'schedule' as const, slot, nextFireAt: nextSlot(expression, now) } }];
  });
}

/** The oldest of each job: one of them runs at a time, and no job's requests keep another's waiting. */
async function readRequests(tx: Tx): Promise<Plan['fire']> {
  const rows = await query<{ id: string; job: string; params: Record<string, string>; by: string }>(
    tx,
    sql`select distinct on (job) id, job, params, requested_by as by from cron_requests order by job, id`,
  );
  return rows.map(({ id, job, params, by }) => ({
    job,
    firing: { trigger: 'operator', params, requestedBy: by, requestId: id },
  }));
}

/** The latest scheduled run of a job, where it was cut short and no newer slot is due. */
async function readResumable(tx: Tx, due: Plan['fire']): Promise<Plan['fire']> {
  const rows = await query<{ job: string; slot: string }>(
    tx,
    sql`select j.job, r.slot from cron_jobs j cross join lateral (
        select * from cron_runs r where r.job = j.job and r.slot is not null order by r.slot desc limit 1) r
      where j.schedule is not null and r.attempt < ${MAX_ATTEMPTS}
        and (r.outcome = 'abandoned' or (r.outcome = 'running' and r.lease_until < clock_timestamp()))`,
  );
  return rows
    .filter(({ job }) => due.every((one) => one.job !== job))
    .map(({ job, slot }) => ({ job, firing: { trigger: 'schedule', slot: new Date(slot) } }));
}
