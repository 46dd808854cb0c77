import { type SQL, sql } from '#db/drizzle.ts';

/**
 * For a lateral join beside schedules `s`: of its latest instant that was to have a run `due_at`, the run's `started_at`
 * and `is_settled`: nobody waits for that run any more, as it ended before it began (cancelled in the queue) or its
 * record is gone while the ledger's stays (the cleanup keeps runs for a time). What is settled has no lag.
 */
export const latestExpected = (tenantId: string): SQL =>
  sql`(select c.due_at, r.started_at,
        (c.run_id is not null and r.id is null) or (r.finished_at is not null and r.started_at is null) as is_settled
      from occurrences c left join runs r on r.tenant_id = ${tenantId} and r.id = c.run_id
      where c.tenant_id = ${tenantId} and c.pipeline_id = s.pipeline_id and c.schedule_id = s.id
        and c.verdict in ('fired', 'late', 'pending') order by c.due_at desc limit 1)`;
