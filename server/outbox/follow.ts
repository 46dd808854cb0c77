// How the low-water follows: rows are gone over from there on, whatever became of them, in statements that end in time.
import { sql } from '#db/drizzle.ts';
import { queryPrepared, type Tx } from '#server/lib/index.ts';
import { MAX_FOLLOW_STEPS } from './config.ts';
import { walkEnd } from './sight.ts';
import type { Followed } from './states.ts';

/**
 * Up to where a lane has no unfinished row, from its low-water to `target` at most. What later statements see is later
 * than what the first one saw, which is all the same: nothing can appear below the target any more, and no row that is done is ever
 * unfinished again.
 */
export async function followTo(
  tx: Tx,
  lane: number,
  { from, target }: { from: number; target: number },
): Promise<Followed> {
  let upTo = from;
  for (let step = 0; step < MAX_FOLLOW_STEPS && upTo < target; step += 1) {
    const [row] = await queryPrepared<{ unfinished: number | null; beyond: number | null }>(
      tx,
      followStatement(lane, { from: upTo, target }),
    );
    if (row?.unfinished) return { upTo: row.unfinished - 1, isCut: false };
    // Places that no row has are nothing to go over.
    upTo = Math.min(target, (row?.beyond ?? Number.POSITIVE_INFINITY) - 1);
  }
  return { upTo, isCut: upTo < target };
}

// Exported for the test that holds its cost.
export const followStatement = (lane: number, { from, target }: { from: number; target: number }) => sql`select
  (select seq from outbox_events where lane = ${lane} and seq > ${from} and seq <= u.upper
    and status in ('pending', 'processing') order by seq limit 1)::float8 as unfinished,
  (select seq from outbox_events where lane = ${lane} and seq > u.upper order by seq limit 1)::float8 as beyond
  from (select least(${target}::bigint, ${walkEnd(sql`${lane}`, sql`${from}::bigint`)}) as upper) u`;
