// The outbox over time: what waited, what was published, and how old it was by then.

import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { query, queryOne, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { agePercentile } from './ages.ts';
import { SAMPLE_SECONDS } from './config.ts';
import { createFresh } from './fresh.ts';
import type { HistoryInput, OutboxHistory } from './schemas.ts';

type History = z.infer<typeof OutboxHistory>;
/** Instants in seconds since the epoch, at the start of their step. `left`: what its last sample saw unfinished. */
type Depth = { at: number; pending: number; processing: number; failed: number; oldest: number | null; left: number };
type Flow = { at: number; published: number; counts: number[] };

/** Seconds of one point, so that every window has some hundred of them. */
const STEP_SECONDS: Record<HistoryInput['minutes'], number> = { 15: 10, 60: 60, 360: 300, 1440: 900 };
const fresh = createFresh<History>(SAMPLE_SECONDS * 500);

/** Points from old to new. Of each step the most that waited, and all that was published. */
export function getHistory(ctx: Ctx, input: HistoryInput): Promise<History> {
  return fresh.get(ctx.pool, `${ctx.tenant.id} ${input.minutes}`, () =>
    withTransaction(ctx, async (tx) => {
      const stepSeconds = STEP_SECONDS[input.minutes];
      const bounds = await queryOne<{ now: number; sampledAt: number }>(
        tx,
        sql`select extract(epoch from clock_timestamp())::float8 as now, extract(epoch from sampled_at)::float8 as "sampledAt" from outbox_sampling`,
      );
      const last = Math.floor(bounds.now / stepSeconds) * stepSeconds;
      const first = last - input.minutes * 60 + stepSeconds;
      const depth = await readDepth(tx, ctx.tenant.id, stepSeconds, first);
      const flow = await readFlow(tx, ctx.tenant.id, stepSeconds, first);
      return { stepSeconds, points: toPoints({ first, last, stepSeconds, sampledAt: bounds.sampledAt }, depth, flow) };
    }),
  );
}

const step = (stepSeconds: number) =>
  sql`extract(epoch from date_bin(make_interval(secs => ${stepSeconds}), at, 'epoch'))::float8`;

/** With the last point before the window, which says what holds at its start. */
const readDepth = (tx: Tx, tenantId: string, stepSeconds: number, first: number) =>
  query<Depth>(
    tx,
    sql`select ${step(stepSeconds)} as at, max(pending) as pending, max(processing) as processing, max(failed) as failed,
        max(oldest_pending_age_seconds) as oldest,
        (array_agg(pending + processing + failed order by at desc))[1] as "left"
      from outbox_depth where tenant_id = ${tenantId} and at >= coalesce(
        (select max(at) from outbox_depth where tenant_id = ${tenantId} and at < to_timestamp(${first})), to_timestamp(${first}))
      group by 1 order by 1`,
  );

const readFlow = (tx: Tx, tenantId: string, stepSeconds: number, first: number) =>
  query<Flow>(
    tx,
    sql`with rows_in as (select ${step(stepSeconds)} as at, published, age_counts from outbox_flow
          where tenant_id = ${tenantId} and at >= to_timestamp(${first})),
        summed as (select at, place, sum(one)::int as total from rows_in, unnest(age_counts) with ordinality as c(one, place) group by at, place)
      select r.at, sum(r.published)::int as published,
        (select array_agg(s.total order by s.place) from summed s where s.at = r.at) as counts
      from rows_in r group by r.at order by r.at`,
  );

type Window = { first: number; last: number; stepSeconds: number; sampledAt: number };

/**
 * A point without a sample is zero when the last sample before it was of nothing, and unknown (null) when something
 * waited then: nobody has looked since.
 */
export function toPoints(window: Window, depth: readonly Depth[], flow: readonly Flow[]): History['points'] {
  const depthAt = new Map(depth.map((row) => [row.at, row]));
  const flowAt = new Map(flow.map((row) => [row.at, row]));
  let before = depth.findLast((row) => row.at < window.first);
  const points: History['points'] = [];
  for (let at = window.first; at <= window.last; at += window.stepSeconds) {
    const seen = depthAt.get(at);
    before = seen ?? before;
    const isKnown = at <= window.sampledAt && (before === undefined || before.left === 0);
    const { pending, processing, failed, oldest } = seen ?? (isKnown ? NOTHING : UNKNOWN);
    const { published, counts } = flowAt.get(at) ?? { published: 0, counts: [] };
    points.push({
      at: new Date(at * 1_000).toISOString(),
      ...{ pending, processing, failed, oldestPendingAgeSeconds: oldest, published },
      ageP50Ms: agePercentile(counts, 0.5),
      ageP95Ms: agePercentile(counts, 0.95),
      ageP99Ms: agePercentile(counts, 0.99),
    });
  }
  return points;
}

const NOTHING = { pending: 0, processing: 0, failed: 0, oldest: null };
const UNKNOWN = { pending: null, processing: null, failed: null, oldest: null };
