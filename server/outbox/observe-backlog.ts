// The gauge of what waits, and its points over time for the page.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { type Logger, logError, query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import { backlogByTenantStatement, readLowWaters } from './backlog.ts';
import { COUNT_COST_FACTOR, PUBLISHER_SILENT_SECONDS, SAMPLE_SECONDS, SAMPLES_KEPT } from './config.ts';
import { tellFlow } from './flow.ts';
import { pendingCount } from './metrics.ts';

type TenantBacklog = { tenant_id: string; pending: number; processing: number; oldest: number | null };

/**
 * Counts what waits of all tenants, sets the gauge, and keeps a point of it when the last one is ten seconds old;
 * of several processes one keeps it. Returns what waits.
 */
export async function observeBacklog(pool: Pool): Promise<{ pending: number; isSampled: boolean }> {
  const seen = await transaction(pool, { statementTimeoutMs: 10_000 }, async (tx) => {
    // Nobody waits for it: helpers would take the processor from those who publish, and twice as much of it in all.
    await tx.execute(sql`select set_config('max_parallel_workers_per_gather', '0', true)`);
    const waiting = await query<TenantBacklog>(tx, backlogByTenantStatement(await readLowWaters(tx)));
    return { pending: waiting.reduce((sum, row) => sum + row.pending, 0), isSampled: await keepSample(tx, waiting) };
  });
  pendingCount.set(seen.pending);
  return seen;
}

/** True when this call was the one to keep the sample. One of the future is of before the database's clock was set back. */
async function keepSample(tx: Tx, waiting: readonly TenantBacklog[]): Promise<boolean> {
  const [due] = await query<{ at: string; before: string }>(
    tx,
    sql`with last as (select sampled_at from outbox_sampling for update skip locked)
      update outbox_sampling s set sampled_at = date_bin(make_interval(secs => ${SAMPLE_SECONDS}), clock_timestamp(), 'epoch')
      from last where not last.sampled_at between clock_timestamp() - make_interval(secs => ${SAMPLE_SECONDS}) and clock_timestamp()
      returning s.sampled_at::text as at, last.sampled_at::text as before`,
  );
  if (!due) return false;
  await tx.execute(sql`insert into outbox_depth (tenant_id, at, pending, processing, failed, oldest_pending_age_seconds)
    select tenant_id, ${due.at}::timestamptz, coalesce(w.pending, 0), coalesce(w.processing, 0), coalesce(f.failed, 0), w.oldest
    from jsonb_to_recordset(${JSON.stringify(waiting)}::jsonb) as w(tenant_id uuid, pending int, processing int, oldest float8)
    full join (select tenant_id, count(*)::int as failed from outbox_events where failed_at is not null group by tenant_id) f using (tenant_id)
    full join (select tenant_id from outbox_depth where at = ${due.before}::timestamptz and pending + processing + failed > 0) b using (tenant_id)
    on conflict do nothing`);
  for (const table of [sql`outbox_depth`, sql`outbox_flow`])
    await tx.execute(sql`delete from ${table} where at < clock_timestamp() - ${SAMPLES_KEPT}::interval`);
  return true;
}

/**
 * Watches the outbox beside whatever else a process does: `look` begins a count unless one is under way or the last
 * was so dear or so recent that it is not yet time, and returns at once.
 */
export function createBacklogObserver(config: { pollMs: number; log: Logger }) {
  let underWay: Promise<void> | null = null;
  let nextAtMs = Number.NEGATIVE_INFINITY;
  let isFailing = false;
  async function observe(pool: Pool): Promise<void> {
    const started = performance.now();
    try {
      await tellFlow(pool);
      await observeBacklog(pool);
      isFailing = false;
    } catch (error) {
      if (!isFailing) logError(config.log, error, 'the outbox could not be counted; its gauge stays as it was');
      isFailing = true;
    }
    const ended = performance.now();
    nextAtMs = ended + Math.max(config.pollMs, COUNT_COST_FACTOR * (ended - started));
    underWay = null;
  }
  return {
    look(pool: Pool): void {
      if (underWay || performance.now() < nextAtMs) return;
      underWay = observe(pool);
    },
    /** Resolves when no count is under way. */
    settled: async () => underWay ?? undefined,
  };
}

/**
 * Keeps the gauge of a process without a publisher true. While publishers live elsewhere and count, it shows what they kept
 * last: theirs may be scraped by nobody. While none lives, or none has counted for a while, this process counts in their
 * place: the page's line and the gauge must go on just when every publisher is away. `ownPublisher` is the one in this
 * process, null without: while it lives, the gauge is its own. Returns whether this process counted.
 */
export function createUnwatchedObserver(config: { ownPublisher: string | null; nowMs?: () => number }) {
  const nowMs = config.nowMs ?? (() => performance.now());
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return async function observeUnwatched(pool: Pool): Promise<boolean> {
    const seen = await transaction(pool, { statementTimeoutMs: 5_000 }, (tx) => lookForPublishers(tx));
    if (seen.living.length > 0 && !seen.isStale) {
      const isOwnAlive = config.ownPublisher !== null && seen.living.includes(config.ownPublisher);
      if (!isOwnAlive) pendingCount.set(seen.pending);
      return false;
    }
    // The value stays until then: that of a while ago is nearer to the truth than none.
    const started = nowMs();
    if (started < nextAtMs) return false;
    await observeBacklog(pool);
    nextAtMs = nowMs() + COUNT_COST_FACTOR * (nowMs() - started);
    return true;
  };
}

/**
 * Publishers that were heard of lately, whether the last point is older than one that a publisher keeps in time, and what
 * waited at it, of all tenants. Without its limit PostgreSQL takes the one row for thousands, and compiles the statement.
 */
const lookForPublishers = (tx: Tx) =>
  queryOne<{ living: string[]; isStale: boolean; pending: number }>(
    tx,
    sql`select not sampled_at between clock_timestamp() - make_interval(secs => ${2.5 * SAMPLE_SECONDS}) and clock_timestamp() as "isStale",
        (select coalesce(sum(d.pending), 0)::float8 from outbox_depth d where d.at = s.sampled_at) as pending,
        (select coalesce(array_agg(id), '{}') from outbox_publishers
          where last_seen_at between clock_timestamp() - make_interval(secs => ${PUBLISHER_SILENT_SECONDS})
            and clock_timestamp() + make_interval(secs => ${PUBLISHER_SILENT_SECONDS})) as living
      from (select sampled_at from outbox_sampling limit 1) s`,
  );
