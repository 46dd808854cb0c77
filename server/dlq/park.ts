// Rejected rows become DLQ entries in the transaction of the run that rejected them.
import { sql } from '#db/drizzle.ts';
import { counter, query, queryOne, type Tx } from '#server/lib/index.ts';

/** A larger payload is cut: an entry is for reading and replaying by key, not a second copy of the data. */
export const MAX_PAYLOAD_BYTES = 65_536;

const entriesTotal = counter('dlq_entries_total', 'Rows set aside, by pipeline (tenant/name)', ['pipeline']);
const droppedTotal = counter('dlq_overflow_dropped_total', 'Entries dropped for newer ones', ['pipeline']);

export type ParkScope = {
  tenantId: string;
  pipelineId: string;
  runId: string;
  version: number;
  attempt: number;
  /** `tenant/name`, for metrics. */
  pipelineLabel: string;
};
export type DlqLimits = { capacity: number; overflow: 'block' | 'drop_oldest' };

/** The pipeline's DLQ has no room and its policy is to block. */
export class DlqFullError extends Error {
  readonly existing: number;
  readonly capacity: number;
  constructor(existing: number, incoming: number, capacity: number) {
    super(
      `the DLQ holds ${existing} unacknowledged entries and ${incoming} more would pass its capacity of ${capacity}; ` +
        'acknowledge some, raise errorHandling.dlq.capacity or set its overflow to drop_oldest',
    );
    this.name = 'DlqFullError';
    this.existing = existing;
    this.capacity = capacity;
  }
}

/**
 * Moves all rows of `pg_temp.ms_rejects` into the DLQ and returns how many. The caller's role may read the
 * temp table.
 * @throws DlqFullError
 */
export async function parkRejects(tx: Tx, scope: ParkScope, limits: DlqLimits): Promise<number> {
  const { incoming } = await queryOne<{ incoming: number }>(
    tx,
    sql`select count(*)::int as incoming from pg_temp.ms_rejects`,
  );
  if (incoming === 0) return 0;
  await makeRoom(tx, scope, limits, incoming);
  // With drop_oldest a run can bring more than fits: its own oldest are dropped too.
  const [{ parked } = { parked: 0 }] = await query<{ parked: number }>(
    tx,
    sql`with parked as (
      insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, attempts,
        source_node, row_key, is_replayable, payload, is_payload_truncated)
      select ${scope.tenantId}, ${scope.pipelineId}, ${scope.runId}, ${scope.version}, r.node_id, r.rule, r.error_kind,
        left(r.message, 4000), ${scope.attempt}, r.source_node, r.row_key, r.replayable,
        case when octet_length(r.payload::text) > ${MAX_PAYLOAD_BYTES}
          then jsonb_build_object('truncated', left(r.payload::text, ${MAX_PAYLOAD_BYTES / 4})) else r.payload end,
        coalesce(octet_length(r.payload::text) > ${MAX_PAYLOAD_BYTES}, false)
      from (select * from pg_temp.ms_rejects order by ctid offset ${Math.max(0, incoming - limits.capacity)}) r
      returning 1)
    select count(*)::int as parked from parked`,
  );
  tx.afterCommit(() => {
    entriesTotal.labels(scope.pipelineLabel).inc(parked);
    if (incoming > parked) droppedTotal.labels(scope.pipelineLabel).inc(incoming - parked);
  });
  return parked;
}

async function makeRoom(tx: Tx, scope: ParkScope, limits: DlqLimits, incoming: number): Promise<void> {
  const { existing } = await queryOne<{ existing: number }>(
    tx,
    sql`select count(*)::int as existing from (
      select 1 from dlq_entries where tenant_id = ${scope.tenantId} and pipeline_id = ${scope.pipelineId}
        and acked_at is null limit ${limits.capacity + 1}) e`,
  );
  const excess = existing + incoming - limits.capacity;
  if (excess <= 0) return;
  if (limits.overflow === 'block') throw new DlqFullError(existing, incoming, limits.capacity);
  const dropped = await query<{ id: string }>(
    tx,
    sql`delete from dlq_entries where tenant_id = ${scope.tenantId} and id in (
      select id from dlq_entries where tenant_id = ${scope.tenantId} and pipeline_id = ${scope.pipelineId}
        and acked_at is null order by id limit ${Math.min(excess, existing)}) returning id`,
  );
  tx.afterCommit(() => droppedTotal.labels(scope.pipelineLabel).inc(dropped.length));
}
