// How the documents of the last check stand to the pipelines as they are now: one statement, no stored state that a
// save could make wrong.
import { type SQL, sql } from '#db/drizzle.ts';
import { DRIFT_STATES } from '#db/schema/index.ts';
import { query, type Tx } from '#server/lib/index.ts';

export { DRIFT_STATES };
export type DriftState = (typeof DRIFT_STATES)[number];
export type DriftCounts = Record<DriftState, number>;

/**
 * A relation with a row for each document and for each pipeline that no document names, even an invalid one. In sync is
 * what is the same as the latest version and, where one is live, as the live version. jsonb compares what is said, not
 * how it is written.
 */
export const driftRows = (tenantId: string): SQL => sql`(
  select coalesce(d.id, p.id) as id, coalesce(d.name, p.name) as name, d.id as document_id, d.file, d.line, d.document, d.problems,
    p.id as pipeline_id, p.latest_version, p.latest_by, p.live_version, p.latest, p.live,
    coalesce(p.latest = d.document, false) as is_latest,
    coalesce(p.live = d.document, p.live_version is null) as is_live,
    case
      when d.problems is not null then 'invalid'
      when d.id is null then 'unmanaged'
      when p.id is null then 'missing'
      when p.latest = d.document and (p.live is null or p.live = d.document) then 'in_sync'
      else 'changed'
    end as state
  from (select * from gitops_documents where tenant_id = ${tenantId}) d
  full join (
    select p.id, p.name, p.latest_version, latest.created_by as latest_by, p.live_version, latest.ir as latest,
      live.ir as live
    from pipelines p
    join pipeline_versions latest
      on latest.tenant_id = ${tenantId} and latest.pipeline_id = p.id and latest.version = p.latest_version
    left join pipeline_versions live
      on live.tenant_id = ${tenantId} and live.pipeline_id = p.id and live.version = p.live_version
    where p.tenant_id = ${tenantId}
  ) p on p.name = d.name
)`;

/** Every state, 0 where there is none. */
export async function countStates(tx: Tx, tenantId: string): Promise<DriftCounts> {
  const rows = await query<{ state: DriftState; count: number }>(
    tx,
    sql`select state, count(*)::int as count from ${driftRows(tenantId)} r group by state`,
  );
  const found = new Map(rows.map(({ state, count }) => [state, count]));
  return Object.fromEntries(DRIFT_STATES.map((state) => [state, found.get(state) ?? 0])) as DriftCounts;
}
