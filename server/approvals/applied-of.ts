import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { countedThen } from './load-request.ts';

/** Whose approvals, of those that counted, made a version go live by a change request. */
export type AppliedApproval = {
  requestId: string;
  requestedBy: string;
  appliedAt: string;
  approvedBy: { stage: string; voter: string; votedAt: string }[];
};

type Row = { version: number; id: string; requestedBy: string; appliedAt: string } & {
  approvedBy: AppliedApproval['approvedBy'] | null;
};

/** By version, the last time each of these was applied; versions that never were are not in it. */
export async function approvalsOf(
  tx: Tx,
  tenantId: string,
  pipelineId: string,
  versions: readonly number[],
): Promise<Map<number, AppliedApproval>> {
  const rows = await query<Row>(
    tx,
    sql`select distinct on (r.target_version) r.target_version as version, r.id, r.requested_by as "requestedBy",
        r.closed_at as "appliedAt", (
          select jsonb_agg(jsonb_build_object('stage', s.name, 'voter', v.voter, 'votedAt', v.voted_at) order by v.stage, v.voted_at)
          from approval_votes v
          join approval_stages s on s.tenant_id = ${tenantId} and s.request_id = r.id and s.stage = v.stage
          where v.tenant_id = ${tenantId} and v.request_id = r.id and ${countedThen}
        ) as "approvedBy"
      from approval_requests r
      where r.tenant_id = ${tenantId} and r.pipeline_id = ${pipelineId} and r.state = 'applied'
        and r.target_version = any (${sql.param([...versions])}::int[])
      order by r.target_version, r.closed_at desc`,
  );
  const iso = (at: string) => new Date(at).toISOString();
  return new Map(
    rows.map(({ version, id, requestedBy, appliedAt, approvedBy }) => [
      version,
      {
        ...{ requestId: id, requestedBy, appliedAt: iso(appliedAt) },
        approvedBy: (approvedBy ?? []).map((vote) => ({ ...vote, votedAt: iso(vote.votedAt) })),
      },
    ]),
  );
}
