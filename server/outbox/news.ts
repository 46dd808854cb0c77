// Whether lanes that had nothing left have something now: one statement for all of a publisher's, which changes nothing.

import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { queryAlone } from '#server/lib/index.ts';
import { NEWS_MAX_SCAN } from './config.ts';
import type { Hold } from './lanes.ts';
import { isBeyond, lookFrom, walkEnd } from './sight.ts';
import { afterLook, type NewsSeen, placeBehind } from './states.ts';
import { placesOf } from './take-events.ts';

type Seen = Omit<NewsSeen, 'isCut'> & { lane: number; seen: number; isBeyond: boolean };

/**
 * Which of these lanes have something to claim: an event that is due, one that was committed late, or more that wait than
 * a look reads. A due one may still be held back behind its key; that only a claim finds out.
 */
export async function lanesWithNews<T extends Hold>(pool: Pool, holds: readonly T[]): Promise<ReadonlySet<T>> {
  const before = holds.map(({ progress }) => progress);
  const rows = await queryAlone<Seen>(pool, newsStatement(holds));
  const news = new Set<T>();
  for (const [index, hold] of holds.entries()) {
    const row = rows.find(({ lane }) => lane === hold.lane);
    const known = before[index];
    const next = row && known && afterLook(known, { ...row, isCut: row.isBeyond || row.seen === NEWS_MAX_SCAN });
    if (!next) news.add(hold);
    // One that has claimed meanwhile knows better.
    else if (hold.progress === known) hold.progress = next;
  }
  return news;
}

// Begins in each lane where `lookStatement` would, and by the same snapshot. Exported for the test that holds its plan.
export function newsStatement(holds: readonly Pick<Hold, 'lane' | 'progress' | 'turns'>[]): SQL {
  const looks = holds.map(({ lane, progress, turns }) => ({
    lane,
    look: lookFrom({ ...progress, cursor: placeBehind(progress) }, turns),
  }));
  const late = looks.flatMap(({ lane, look }) => look.open.map((one) => ({ lane, ...one })));
  const lanes = placesOf(looks.map(({ lane }) => lane));
  const newer = placesOf(looks.map(({ look }) => look.newer));
  const lateLanes = placesOf(late.map(({ lane }) => lane));
  const lateXids = `{${late.map(({ xid }) => xid).join(',')}}`;
  const latePlaces = placesOf(late.map(({ place }) => place));
  return sql`with late as materialized (
      select o.lane, min(o.place) as place
      from unnest(${lateLanes}::text::smallint[], ${lateXids}::text::xid8[], ${latePlaces}::text::bigint[]) o(lane, xid, place)
      where pg_visible_in_snapshot(o.xid, pg_current_snapshot()) group by o.lane)
    select l.lane::int as lane, pg_current_snapshot()::text as snapshot, found.seen, found.first, found."isDue",
      ${isBeyond(sql`l.lane`, sql`f.upper`)} as "isBeyond"
    from unnest(${lanes}::text::smallint[], ${newer}::text::bigint[]) l(lane, newer)
    cross join lateral (select lower, ${walkEnd(sql`l.lane`, sql`b.lower`)} as upper
      from (select least(l.newer, min(late.place)) as lower from late where late.lane = l.lane) b) f
    cross join lateral (
      select count(*)::int as seen, min(next.seq)::float8 as first,
        coalesce(bool_or(next.status = 'pending' and next.available_at <= clock_timestamp()), false) as "isDue"
      from (select e.seq, e.status, e.available_at from outbox_events e
        where e.lane = l.lane and e.seq > f.lower and e.seq <= f.upper and e.status in ('pending', 'processing')
        order by e.seq limit ${NEWS_MAX_SCAN}) next) found`;
}
