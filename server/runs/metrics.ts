import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { counter, gauge, histogram, query, transaction } from '#server/lib/index.ts';

export const runsTotal = counter('runs_total', 'Attempts by how they ended, pipeline as tenant/name', [
  'pipeline',
  'status',
]);
export const runSeconds = histogram(
  'run_duration_seconds',
  'Time of an attempt from claim to end',
  [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200],
  ['status'],
);
export const runRows = counter('run_rows_total', 'Rows of succeeded runs, pipeline as tenant/name', [
  'pipeline',
  'direction',
]);
export const leaseLosses = counter('run_lease_losses_total', 'Runs whose lease this process lost or found expired', [
  'seen_by',
]);
export const claimSeconds = histogram(
  'run_claim_duration_seconds',
  'Time one claim took',
  [0.002, 0.005, 0.01, 0.05, 0.25, 1],
);

/** Queue depth, counted when it is asked for; the queue holds only what waits or runs. */
export function observeQueue(pool: Pool): void {
  const depth = gauge('run_queue_depth', 'Runs in the queue by state', ['state'], async () => {
    try {
      const counted = await countQueue(pool);
      for (const state of ['running', 'delayed', 'waiting'])
        depth.labels(state).set(counted.find((row) => row.state === state)?.count ?? 0);
    } catch {
      // No figure is honest; a stale one is not, and the other metrics must still be served.
      depth.reset();
    }
  });
}

function countQueue(pool: Pool): Promise<{ state: string; count: number }[]> {
  return transaction(pool, { statementTimeoutMs: 2_000 }, (tx) =>
    query(
      tx,
      sql`select case when claimed_by is not null then 'running' when available_at > clock_timestamp() then 'delayed' else 'waiting' end as state,
        count(*)::int as count from run_queue group by 1`,
    ),
  );
}
