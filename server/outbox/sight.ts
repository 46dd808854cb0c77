// Where a claim begins to read. A place is taken before its transaction commits, so rows may appear below the cursor;
// but only rows of transactions that were still open when the rows up to the cursor were read. A publisher remembers
// those, and how low a place of theirs can lie: when one has ended, the next claim begins there. What is decided here
// without a database is looked up by the statement that reads the rows, so that nothing ends in between.
import { type SQL, sql } from '#db/drizzle.ts';
import { FEW_ROWS, MAX_WALK } from './config.ts';
import type { TurnNumbers } from './turn-numbers.ts';

/** What of a lane's transactions was known when its rows up to the cursor were read. */
export type Sight = {
  /** Numbers of those below `next` that were open, or may have been. */
  open: readonly bigint[];
  /** None from this number on had ended. */
  next: bigint;
  /** Transactions numbered from `xid` on have only places above `place`: each was known before that number was taken. */
  marks: readonly Mark[];
};
type Mark = { xid: bigint; place: number };
type Seen = Pick<Sight, 'open' | 'next'>;

export const NO_SIGHT: Sight = { open: [], next: 0n, marks: [] };

/** The place that a claim begins after: `newer`, or the lowest of those in `open` that have ended by now. */
export type Look = { newer: number; open: readonly Mark[] };

/** Whatever has ended meanwhile, nothing is looked for below. */
export const lookOnlyAfter = (place: number): Look => ({ newer: place, open: [] });

/** For the next claim of a lane that is done up to its cursor. Transactions in `turns` are known to have stored no event. */
export function lookFrom(
  { lowWater, cursor, sight }: { lowWater: number; cursor: number; sight: Sight },
  turns: Readonly<Pick<TurnNumbers, 'has'>>,
): Look {
  const below = (xid: bigint) => Math.min(cursor, Math.max(lowWater, markBelow(sight, xid)?.place ?? lowWater));
  const newer = below(sight.next);
  const storing = sight.open.filter((xid) => !turns.has(xid));
  const open = storing.map((xid) => ({ xid, place: below(xid) })).filter(({ place }) => place < newer);
  return { newer, open };
}

/** `headStatement` and `turnStatement` say the same in SQL. */
export const lowestOf = ({ newer, open }: Look, hasEnded: (xid: bigint) => boolean): number =>
  Math.min(newer, ...open.filter(({ xid }) => hasEnded(xid)).map(({ place }) => place));

/**
 * After rows were read in a snapshot by a transaction numbered `xid`, and everything up to `place` was seen before it had that
 * number. Keeps only the marks that some transaction that may still end needs.
 */
export function nextSight(before: Sight, read: { xid: bigint; place: number; snapshot: string }): Sight {
  const mark = { xid: read.xid, place: read.place };
  const saysNothingNew = before.marks.some(({ xid, place }) => xid <= mark.xid && place >= mark.place);
  const marks = saysNothingNew ? before.marks : [...before.marks, mark];
  return sightOf(marks, withNumbersUpTo(read.xid, parseSnapshot(read.snapshot)));
}

/**
 * After a look in `snapshot` that began where a claim would have and found no unfinished row up to the cursor. It had no
 * number of its own, so that it adds no mark.
 */
export const sightAfterLook = (before: Sight, snapshot: string): Sight =>
  sightOf(before.marks, parseSnapshot(snapshot));

/** So many at most are listed one by one: whoever stores much at once is found again by a look back to the last mark. */
const MAX_BETWEEN = 64n;

/**
 * Counts those from the snapshot's next number up to the reader's own as open, so that the reader's mark holds for all others. That next
 * number is only one above the last that ended: higher ones may be given out already, and hold places.
 */
function withNumbersUpTo(xid: bigint, { open, next }: Seen): Seen {
  if (xid <= next || xid - next > MAX_BETWEEN) return { open, next };
  const between = Array.from({ length: Number(xid - next) }, (_, n) => next + BigInt(n));
  return { open: [...open, ...between], next: xid };
}

function sightOf(marks: readonly Mark[], { open, next }: Seen): Sight {
  const needed = new Set([...open, next].map((xid) => markBelow({ marks }, xid)));
  return { open, next, marks: marks.filter((one) => needed.has(one) || one.xid > next) };
}

function markBelow({ marks }: Pick<Sight, 'marks'>, xid: bigint): Mark | undefined {
  let best: Mark | undefined;
  for (const mark of marks) if (mark.xid <= xid && mark.place >= (best?.place ?? 0)) best = mark;
  return best;
}

/** PostgreSQL's `xmin:xmax:xip,…`. The number after the last ended one is there too when it is open; so may higher ones be. */
function parseSnapshot(text: string): Seen {
  const [, next = '0', open = ''] = text.split(':');
  return { next: BigInt(next), open: open === '' ? [] : open.split(',').map(BigInt) };
}

/** The last place that is gone over from `lower` on, as an expression; behind the end of the lane where its rest is short. */
export const walkEnd = (lane: SQL, lower: SQL): SQL => sql`greatest(${lower} + ${MAX_WALK}::bigint, coalesce(
  (select w.seq from outbox_events w where w.lane = ${lane} and w.seq > ${lower} order by w.seq offset ${FEW_ROWS - 1} limit 1),
  ${Number.MAX_SAFE_INTEGER}::bigint))`;

/** Whether a lane has rows above a place. By its highest one: to find any, PostgreSQL may go over the whole table instead. */
export const isBeyond = (lane: SQL, upper: SQL): SQL =>
  sql`coalesce((select max(e.seq) from outbox_events e where e.lane = ${lane}) > ${upper}, false)`;

/** That by places only: asking where the rows lie costs a turn more than it spares. Of a sparse lane it leaves more to choosing. */
export const NEAR_END = sql`l.lower + ${MAX_WALK}::bigint`;

/**
 * A row `look` with the place to begin after, the last one to go over (`end`, of `l.lower`), and the snapshot in which the
 * rest of the statement reads.
 */
export const lookStatement = ({ newer, open }: Look, end: SQL): SQL => {
  const xids = `{${open.map(({ xid }) => xid).join(',')}}`;
  const places = `{${open.map(({ place }) => place).join(',')}}`;
  return sql`look as materialized (
      select lower, ${end} as upper, pg_current_snapshot() as snapshot
      from (select least(${newer}::bigint, min(o.place)) as lower
        from unnest(${xids}::text::xid8[], ${places}::text::bigint[]) o(xid, place)
        where pg_visible_in_snapshot(o.xid, pg_current_snapshot())) l)`;
};
