// What a claim chooses among: the unfinished rows of a lane, in order, page by page.
import { type SQL, sql } from '#db/drizzle.ts';
import { queryPrepared, type Tx } from '#server/lib/index.ts';
import { CLAIM_MAX_BYTES, CLAIM_MAX_SCAN, DEAR_WALK } from './config.ts';
import { type Look, lookOnlyAfter, lookStatement, walkEnd } from './sight.ts';
import { type Choice, chooseClaim, emptyChoice, type HeadRow } from './states.ts';

export type Head = {
  choice: Choice;
  /** The lane's highest place, where the reading began, in which snapshot, and who was stopped. */
  top: number;
  lower: number;
  snapshot: string;
  stops: string;
  /** Up to here all that was seen was chosen or blocks its key; null: nothing was seen. */
  seenUpTo: number | null;
  /** Some of whoever is stopped was there, which was not looked at. */
  isHeld: boolean;
  /** It went over so many places that what was left is not to be read again by every claim. */
  isDear: boolean;
  /** Why it ended. `limit`: the lane goes on; `changed`: somebody was stopped or resumed meanwhile. */
  end: 'full' | 'limit' | 'lane' | 'changed';
};

/** Reads until the claim is full, the lane ends, or too many rows or places were gone over. `blocked` grows. */
export async function chooseFromHead(
  tx: Tx,
  lane: number,
  from: Look,
  maxEvents: number,
  blocked: Set<string> = new Set(),
): Promise<Head> {
  const choice: Choice = { ...emptyChoice(), blocked };
  const pageSize = maxEvents + 1;
  let look = from;
  let first: HeadOf | null = null;
  let seenUpTo: number | null = null;
  let end: Head['end'] = 'limit';
  for (let seen = 0; seen < CLAIM_MAX_SCAN; ) {
    const rows: (HeadRow & HeadOf)[] = await queryPrepared(tx, headStatement(lane, look, pageSize, first));
    if (!rows[0]) throw new Error(`the head of lane ${lane} was read without a row`);
    first ??= rows[0];
    if (rows[0].stops !== first.stops) {
      end = 'changed';
      break;
    }
    const head = rows.filter((row) => row.seq !== null);
    chooseClaim(choice, head, { maxEvents, maxBytes: CLAIM_MAX_BYTES });
    seenUpTo = (choice.isFull ? choice.chosen : head).at(-1)?.seq ?? seenUpTo;
    if (choice.isFull || head.length < pageSize) {
      end = choice.isFull ? 'full' : first.beyond === null ? 'lane' : 'limit';
      // Of the places up to there all that could be seen was.
      if (!choice.isFull) seenUpTo = first.beyond === null ? Math.max(first.top, first.lower) : first.beyond - 1;
      break;
    }
    seen += head.length;
    look = lookOnlyAfter(head.at(-1)?.seq ?? first.top);
  }
  if (!first) throw new Error(`nothing of lane ${lane} was read`);
  const { top, lower, snapshot, stops, held } = first;
  if (held !== null) choice.firstLeft = Math.min(choice.firstLeft ?? held, held);
  const isDear = (seenUpTo ?? lower) - lower > DEAR_WALK;
  return { choice, top, lower, snapshot, stops, seenUpTo, isHeld: held !== null, isDear, end };
}

/** `upper`: the last place that is gone over; `beyond`: that of the first row behind it, if there is one. */
type HeadOf = {
  top: number;
  held: number | null;
  lower: number;
  upper: number;
  beyond: number | null;
  snapshot: string;
  stops: string;
};

// The lane's top comes from the same snapshot as its rows: what is not among them up to there is done or not
// committed yet. No lock here: a row that somebody has locked must still hold back the later ones of its key.
// Events of whoever is stopped, when the stop holds publishing, are not looked at, or they would hide the others;
// `held` is the first of them, which the low-water must not pass. A further page is read later and sees more: it leaves out
// what the first one could not see, for what commits between the two may lie below it. Exported for the tests.
export const headStatement = (
  lane: number,
  look: Look,
  limit: number,
  first: Pick<HeadOf, 'snapshot' | 'upper'> | null = null,
): SQL => {
  const seen = first?.snapshot ?? null;
  const upper = sql`(select coalesce(${first?.upper ?? null}::bigint, upper) from look)`;
  const unfinished = sql`lane = ${lane} and seq > (select lower from look) and seq <= ${upper} and status in ('pending', 'processing')`;
  return sql`with ${lookStatement(look, walkEnd(sql`${lane}`, sql`l.lower`))} select look.lower::float8 as lower, look.snapshot::text as snapshot, t.top::float8 as top, i.stops, held.seq::float8 as held, h.seq::float8 as seq, h.tenant_id as "tenantId", h.key,
      h.status, h.available_at <= clock_timestamp() as "isDue", h.payload_bytes as "payloadBytes", ${upper}::float8 as upper,
      (select seq from outbox_events where lane = ${lane} and seq > ${upper} order by seq limit 1)::float8 as beyond
    from look cross join (select coalesce(max(seq), 0) as top from outbox_events where lane = ${lane}) t
    cross join (select exists (select from instance_stops where resumed_at is null and holds_publishing) as all_held,
      (select concat(exists (select from instance_stops where resumed_at is null and holds_publishing), string_agg(tenant_id::text, ',' order by tenant_id))
        from tenant_stops where resumed_at is null and holds_publishing) as stops) i
    left join lateral (select min(first.seq) as seq from (
        (select seq from outbox_events where i.all_held and ${unfinished} order by seq limit 1)
        union all
        (select e.seq from tenant_stops s cross join lateral (
          select seq from outbox_events where tenant_id = s.tenant_id and ${unfinished} order by seq limit 1) e
        where s.resumed_at is null and s.holds_publishing)) first) held on true
    left join lateral (
      select seq, tenant_id, key, status, available_at, payload_bytes from outbox_events e
      where not i.all_held and ${unfinished}
        and (${seen}::text is null or pg_visible_in_snapshot(tx, ${seen}::text::pg_snapshot)) and not exists (
        select from tenant_stops s where s.tenant_id = e.tenant_id and s.resumed_at is null and s.holds_publishing)
      order by seq limit ${limit}) h on true`;
};
