import { type SQL, sql } from '#db/drizzle.ts';
import {
  decodeCursor,
  isUuid,
  query,
  queryOne,
  ServiceError,
  type Tx,
  toPage,
  withTransaction,
} from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { beholdenOf, isExpired, isStale, joinSubject, subjectOf } from './load-request.ts';
import { findViewer } from './people.ts';
import type { ChangeRequest } from './schemas.ts';
import type { RequestState, Voter } from './states.ts';

type Row = Omit<ChangeRequest, 'requestedAt' | 'expiresAt' | 'closedAt'> & {
  requestedAt: string;
  expiresAt: string;
  closedAt: string | null;
};

/** What an open request is by the clock and by its pipeline, whether or not the job has written it down. */
const stateNow = sql`case when r.state <> 'open' then r.state when ${isExpired} then 'expired' when ${isStale} then 'stale' else 'open' end`;

/**
 * Requests `x` with what they are now, the stage that is to decide, and whether it waits for the viewer: the rules of
 * `judgeVote` as one statement, held to it by a test.
 */
export function requestRows(tenantId: string, viewer: Voter | null, where: SQL): SQL {
  const me = viewer ? sql`${viewer.userId}::uuid` : sql`null::uuid`;
  const email = (viewer?.email ?? '').toLowerCase();
  return sql`(with who as materialized (select * from approval_people())
    select q.*, c.stage, c.name as "stageName",
      q.state = 'open' and coalesce(${viewer?.byKey === false ? viewer.role : null}::text = any (c.roles), false)
        and ${me} <> all (q.beholden) and q.requester_id is distinct from ${me} and lower(q."requestedBy") <> ${email}
        and not exists (select from jsonb_to_recordset(q.parties) as a (name text, "userId" uuid)
          where a."userId" = ${me} or lower(a.name) = ${email})
        and not exists (select from approval_votes v where v.tenant_id = ${tenantId} and v.request_id = q.id
          and v.user_id = ${me}
          and (v.stage = c.stage and c.is_short or v.stage <> c.stage and not q.allow_same_person)) as "canDecide"
    from (
      select r.id, ${subjectOf} as subject, r.pipeline_id as "pipelineId",
        case when r.pipeline_id is not null then coalesce(p.name, '') end as "pipelineName", r.base_version as "baseVersion",
        r.target_version as "targetVersion", ${stateNow} as state, r.selectors, r.requested_by as "requestedBy",
        array(select a ->> 'name' from jsonb_array_elements(r.authors) a) as authors, r.authors as parties,
        r.requester_id, r.allow_same_person, case when r.state = 'open' then ${beholdenOf()} else '{}' end as beholden, r.requested_at as "requestedAt", r.expires_at as "expiresAt",
        r.closed_at as "closedAt", r.closed_by as "closedBy", r.close_reason as "closeReason",
        (select count(*)::int from approval_stages s where s.tenant_id = ${tenantId} and s.request_id = r.id) as stages
      from approval_requests r ${joinSubject(tenantId)} where r.tenant_id = ${tenantId} and ${where}
    ) q
    left join lateral (
      select s.stage, s.name, s.roles, s.approvers > n.approved as is_short
      from approval_stages s
      cross join lateral (
        select count(*) as approved from approval_votes v join who on who.user_id = v.user_id
        where v.tenant_id = ${tenantId} and v.request_id = q.id and v.stage = s.stage
          and who.is_active and who.role = any (s.roles) and v.user_id <> all (q.beholden)
      ) n
      where q.state = 'open' and s.tenant_id = ${tenantId} and s.request_id = q.id
      order by is_short desc, case when s.approvers > n.approved then s.stage else -s.stage end limit 1
    ) c on true)`;
}

const columns = sql`id, subject, "pipelineId", "pipelineName", "baseVersion", "targetVersion", state, selectors, "requestedBy", authors,
  "requestedAt", "expiresAt", "closedAt", "closedBy", "closeReason", stage, "stageName", stages, "canDecide"`;

const iso = (at: string) => new Date(at).toISOString();
const itemOf = (row: Row): ChangeRequest => ({
  ...row,
  ...{ requestedAt: iso(row.requestedAt), expiresAt: iso(row.expiresAt), closedAt: row.closedAt && iso(row.closedAt) },
});

export type ListRequests = {
  limit: number;
  cursor?: string | undefined;
  state?: RequestState | undefined;
  pipelineId?: string | undefined;
  mine?: boolean | undefined;
};

/** Newest first. */
export async function listRequests(ctx: Ctx, input: ListRequests) {
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  if (after !== null && !isUuid(after))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  return withTransaction(ctx, async (tx) => {
    const viewer = await findViewer(tx, ctx);
    // Only an open row can be open, expired by the clock, or stale by what is live.
    const stored = input.state === 'open' || input.mine ? sql`r.state = 'open'` : sql`true`;
    const where = sql`${stored}
      and (${after}::uuid is null or r.id < ${after}::uuid)
      and (${input.pipelineId ?? null}::uuid is null or r.pipeline_id = ${input.pipelineId ?? null}::uuid)`;
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from ${requestRows(ctx.tenant.id, viewer, where)} x
        where (${input.state ?? null}::text is null or state = ${input.state ?? null}) and (${input.mine !== true} or "canDecide")
        order by id desc limit ${input.limit + 1}`,
    );
    return toPage(rows.map(itemOf), input.limit, (row) => [row.id]);
  });
}

export async function findRequestItem(
  tx: Tx,
  ctx: Ctx,
  viewer: Voter | null,
  id: string,
): Promise<ChangeRequest | null> {
  const [row] = await query<Row>(
    tx,
    sql`select ${columns} from ${requestRows(ctx.tenant.id, viewer, sql`r.id = ${id}::uuid`)} x`,
  );
  return row ? itemOf(row) : null;
}

/** How many wait, and for the caller. */
export function countWaiting(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => {
    const viewer = await findViewer(tx, ctx);
    return queryOne<{ open: number; mine: number }>(
      tx,
      sql`select (count(*) filter (where state = 'open'))::int as open, (count(*) filter (where "canDecide"))::int as mine
        from ${requestRows(ctx.tenant.id, viewer, sql`r.state = 'open'`)} x`,
    );
  });
}
