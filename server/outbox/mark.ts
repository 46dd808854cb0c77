import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import {
  hasSqlState,
  isLockTimeout,
  query,
  queryPrepared,
  storableText,
  type TransactionOptions,
  type Tx,
  transaction,
} from '#server/lib/index.ts';
import { type Claim, isLaneLost, keepClaim, takenBy } from './claim.ts';
import { MAX_MESSAGE_CHARS } from './config.ts';
import { noteFlow } from './flow.ts';
import type { Hold } from './lanes.ts';
import { eventAge, eventAttempts, processed } from './metrics.ts';
import { passedAfter } from './passed.ts';
import type { OutboxEvent, PublishOutcome } from './publisher.ts';
import { lookFrom } from './sight.ts';
import { cursorAfter, type Settled, settle } from './states.ts';
import { placesOf } from './take-events.ts';
import { markedAtMs, markSent, type Sent, takeTurn } from './take-turn.ts';

export type MarkCounts = { published: number; retried: number; failed: number; lost: number };
type MarkOptions = { maxAttempts: number; errorId: string };
type Verdict = { event: OutboxEvent; outcome: PublishOutcome; settled: Settled };

/**
 * Records what became of a claim, only on rows that still bear its token: whoever lost the lane, or whose rows were
 * reaped, marks nothing. Moves the lane's cursor past what is done.
 */
export async function markEvents(
  pool: Pool,
  hold: Hold,
  claim: Claim,
  outcomes: readonly PublishOutcome[],
  options: MarkOptions,
): Promise<MarkCounts> {
  const areAllPublished = isAllPublished(claim, outcomes);
  if (areAllPublished) {
    const nowMs = await markAll(pool, hold, claim);
    if (nowMs !== null) return noteAll(hold, claim, nowMs);
  }
  const verdicts = judge(claim, outcomes, options.maxAttempts);
  const marking = { ...MARKING, mayBeUndone: areAllPublished };
  return note(hold, claim, verdicts, await transaction(pool, marking, (tx) => write(tx, hold, verdicts, options)));
}

const isAllPublished = (claim: Claim, outcomes: readonly PublishOutcome[]): boolean =>
  outcomes.length === claim.events.length && outcomes.every(({ kind }) => kind === 'published');

/** In one statement; returns the database's time. Null: some of it is no longer the claim's, or is locked by somebody. */
async function markAll(pool: Pool, hold: Hold, claim: Claim): Promise<number | null> {
  try {
    return await markSent(pool, hold, sentOf(claim));
  } catch (error) {
    if (isLockTimeout(error) || hasSqlState(error, TAKEN_AWAY)) return null;
    throw error;
  }
}

// Where all was published, nothing is waited for but the mark itself: one that a crash of the database undoes is an event sent twice,
// as its lane is taken anew (renewLane). What an event failed of is to be known for sure.
const MARKING: TransactionOptions = { statementTimeoutMs: 10_000, idleTimeoutMs: 5_000, isHot: true };
/** What `outbox_mark_published` raises. */
const TAKEN_AWAY = 'MS002';

/**
 * Marks a claim of which all was published and takes the lane's next events by the same statement, which spares half of the
 * waiting. Null: that was not possible and nothing was done; mark first, then claim. `next` is
 * null when nothing is left, and absent when there is something to choose among.
 */
export async function markAndClaim(
  pool: Pool,
  hold: Hold,
  claim: Claim,
  outcomes: readonly PublishOutcome[],
  options: { leaseMs: number; batchSize: number },
): Promise<{ counts: MarkCounts; next?: Claim | null } | null> {
  const last = claim.events.at(-1)?.seq;
  if (last === undefined || claim.firstLeft !== null || !isAllPublished(claim, outcomes)) return null;
  const progress = { ...hold.progress, cursor: last };
  const sent = sentOf(claim);
  const turn = await takeTurn(pool, hold, lookFrom(progress, hold.turns), { ...options, sent }).catch(
    (error: unknown) => {
      if (isLockTimeout(error) || hasSqlState(error, TAKEN_AWAY) || isLaneLost(error)) return null;
      throw error;
    },
  );
  if (!turn) return null;
  const counts = noteAll(hold, claim, turn.of?.nowMs ?? (await markedAtMs(pool, hold, sent)));
  const next = await takenBy(pool, hold, progress, turn);
  if (!next) return { counts };
  return { counts, next: next.events.length > 0 ? keepClaim(hold, next) : null };
}

function judge(claim: Claim, outcomes: readonly PublishOutcome[], maxAttempts: number): Verdict[] {
  return claim.events.map((event, index): Verdict => {
    const outcome = outcomes[index] ?? { kind: 'held' };
    return { event, outcome, settled: settle(event.attempts, outcome, maxAttempts) };
  });
}

/** What was written: of the published ones those that were still the claim's, and when; of the others the same. */
type Written = { published: readonly Verdict[]; nowMs: number; rest: ReadonlySet<number> };
const isPublished = ({ settled }: Verdict) => settled.status === 'published';

async function write(tx: Tx, hold: Hold, verdicts: readonly Verdict[], options: MarkOptions): Promise<Written> {
  const published = verdicts.filter(isPublished);
  const others = verdicts.filter((verdict) => !isPublished(verdict));
  const groups = published.length === 0 ? [] : await queryPrepared<Marked>(tx, publishedStatement(hold, published));
  const rest = others.length === 0 ? [] : await query<{ seq: number }>(tx, othersStatement(hold, others, options));
  const marked = new Set(groups.flatMap(({ places }) => places.slice(1, -1).split(',').map(Number)));
  return {
    published: published.filter(({ event }) => marked.has(event.seq)),
    nowMs: groups[0]?.nowMs ?? 0,
    rest: new Set(rest.map((row) => row.seq)),
  };
}

/**
 * A claim of which all was published, so that no row need come back: what is counted is what was sent. When a row is no longer the
 * claim's (the reaper took it away: it is pending again, and before those of the next claim) its mark fails with TAKEN_AWAY.
 */
function sentOf({ events }: Claim): Sent {
  const perTenant = new Map<string, number>();
  for (const { tenantId } of events) perTenant.set(tenantId, (perTenant.get(tenantId) ?? 0) + 1);
  return {
    first: events[0]?.seq ?? 0,
    last: events.at(-1)?.seq ?? -1,
    tenants: `{${[...perTenant.keys()].join(',')}}`,
    counts: placesOf([...perTenant.values()]),
  };
}

/** The same as `note` where all was published and marked: nothing of it waits or was lost. */
function noteAll(hold: Hold, { events, firstLeft }: Claim, nowMs: number): MarkCounts {
  noteAges(hold.lane, events, nowMs);
  for (const { attempts } of events) eventAttempts.observe(attempts);
  processed.labels('published').inc(events.length);
  const cursor = firstLeft === null ? (events.at(-1)?.seq ?? hold.progress.cursor) : firstLeft - 1;
  hold.progress = { ...hold.progress, cursor };
  return { published: events.length, retried: 0, failed: 0, lost: 0 };
}

function noteAges(lane: number, events: readonly OutboxEvent[], nowMs: number): void {
  for (const { createdAtMs } of events) eventAge.observe(Math.max(0, nowMs - createdAtMs) / 1_000);
  noteFlow(lane, events, nowMs);
}

/** Counts what was marked, and moves the cursor past it unless some of it was lost. */
function note(hold: Hold, claim: Claim, verdicts: readonly Verdict[], marked: Written): MarkCounts {
  const published = marked.published.map(({ event }) => event);
  noteAges(hold.lane, published, marked.nowMs);
  const failed = verdicts.filter(({ event, settled }) => settled.status === 'failed' && marked.rest.has(event.seq));
  const counts = {
    published: published.length,
    failed: failed.length,
    retried: marked.rest.size - failed.length,
    lost: verdicts.length - published.length - marked.rest.size,
  };
  if (counts.lost === 0) {
    const settled = verdicts.map(({ event: { seq }, settled: { status } }) => ({ seq, status }));
    const cursor = cursorAfter(hold.progress.cursor, { firstLeft: claim.firstLeft, marked: settled });
    const { passed } = hold.progress;
    const sent = verdicts.map(({ event: { tenantId, key, seq }, settled }) => ({ tenantId, key, seq, settled }));
    hold.progress = { ...hold.progress, cursor, passed: passed && passedAfter(passed, sent) };
  } else hold.progress = { ...hold.progress, passed: null };
  count(counts, [...verdicts.filter(isPublished), ...failed]);
  return counts;
}

function count(counts: MarkCounts, ended: readonly Verdict[]): void {
  for (const [result, n] of Object.entries(counts)) if (n > 0) processed.labels(result).inc(n);
  for (const { settled } of ended) eventAttempts.observe(settled.attempts);
}

/** What was marked of one tenant: places as PostgreSQL spells a bigint[], and the database's time. */
type Marked = { places: string; nowMs: number };

const NOW_MS = sql`extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs"`;

const publishedStatement = (hold: Hold, verdicts: readonly Verdict[]) => sql`with marked as (
    update outbox_events set status = 'published', published_at = clock_timestamp(), updated_at = clock_timestamp()
    where lane = ${hold.lane} and claim_token = ${hold.token} and status = 'processing'
      and seq = any (${placesOf(verdicts.map(({ event }) => event.seq))}::text::bigint[])
    returning tenant_id, seq),
  per_tenant as (select tenant_id, count(*) as published, array_agg(seq) as places from marked group by tenant_id),
  counted as (
    insert into outbox_counters as c (tenant_id, lane, published)
    select tenant_id, ${hold.lane}, published from per_tenant order by tenant_id
    on conflict (tenant_id, lane) do update set published = c.published + excluded.published)
  select places::text, ${NOW_MS} from per_tenant`;

function othersStatement(hold: Hold, verdicts: readonly Verdict[], options: { errorId: string }) {
  const rows = verdicts.map(({ event, outcome, settled }) => ({
    seq: event.seq,
    status: settled.status,
    attempts: settled.attempts,
    delay_s: settled.delayMs / 1_000,
    error: 'error' in outcome ? storableText(outcome.error.message, MAX_MESSAGE_CHARS) : null,
  }));
  return sql`update outbox_events e set status = r.status, attempts = r.attempts, claim_token = null,
      updated_at = clock_timestamp(), available_at = clock_timestamp() + make_interval(secs => r.delay_s),
      failed_at = case when r.status = 'failed' then clock_timestamp() end,
      last_error = coalesce(r.error, e.last_error), error_id = case when r.error is null then e.error_id else ${options.errorId} end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(seq bigint, status outbox_status, attempts int, delay_s float8, error text)
    where e.lane = ${hold.lane} and e.seq = r.seq and e.claim_token = ${hold.token} and e.status = 'processing'
    returning e.seq::float8 as seq`;
}
