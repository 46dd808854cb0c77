// What this process published since it last told the database, for the page's throughput and ages. It is for eyes:
// a killed process takes the last poll interval's with it. Counts that must be right are in outbox_counters.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { transaction } from '#server/lib/index.ts';
import { addAge, placeOfAge } from './ages.ts';
import { SAMPLE_SECONDS } from './config.ts';

type Created = { tenantId: string; createdAtMs: number };
type Flow = { tenantId: string; lane: number; published: number; ageCounts: number[] };
const untold = new Map<string, Flow>();

function flowOf(tenantId: string, lane: number): Flow {
  const key = `${tenantId} ${lane}`;
  const flow = untold.get(key) ?? { tenantId, lane, published: 0, ageCounts: [] };
  untold.set(key, flow);
  return flow;
}

/** Counts events of a lane as published at `nowMs`. */
export function noteFlow(lane: number, published: readonly Created[], nowMs: number): void {
  let flow: Flow | null = null;
  for (const { tenantId, createdAtMs } of published) {
    if (flow?.tenantId !== tenantId) flow = flowOf(tenantId, lane);
    flow.published += 1;
    addAge(flow.ageCounts, placeOfAge(nowMs - createdAtMs));
  }
}

/** Writes what was noted, in one statement; what could not be written is kept for the next time. */
export async function tellFlow(pool: Pool): Promise<void> {
  if (untold.size === 0) return;
  const flows = [...untold.values()].sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1) || a.lane - b.lane);
  untold.clear();
  const rows = flows.map(({ tenantId, lane, published, ageCounts }) => ({
    ...{ tenant_id: tenantId, lane, published, age_counts: ageCounts },
  }));
  try {
    await transaction(pool, { statementTimeoutMs: 5_000 }, (tx) =>
      tx.execute(sql`insert into outbox_flow as f (tenant_id, at, lane, published, age_counts)
        select tenant_id, date_bin(make_interval(secs => ${SAMPLE_SECONDS}), clock_timestamp(), 'epoch'), lane, published, age_counts
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(tenant_id uuid, lane smallint, published int, age_counts int[])
        order by tenant_id, lane
        on conflict (tenant_id, at, lane) do update set published = f.published + excluded.published,
          age_counts = (select array_agg(coalesce(a, 0) + coalesce(b, 0) order by place)
            from rows from (unnest(f.age_counts), unnest(excluded.age_counts)) with ordinality as both_counts(a, b, place))`),
    );
  } catch (error) {
    for (const { tenantId, lane, published, ageCounts } of flows) {
      const flow = flowOf(tenantId, lane);
      flow.published += published;
      for (const [place, count] of ageCounts.entries()) addAge(flow.ageCounts, place, count);
    }
    throw error;
  }
}
