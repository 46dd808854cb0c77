import { type SQL, sql } from '#db/drizzle.ts';
import { isUuid, query, ServiceError, type Tx } from '#server/lib/index.ts';
import { ACCESS_HOURS, type Party, type Request, type RequestState, type StageRow, type VoteRow } from './states.ts';

/** sha256 of a document as jsonb writes it: what is said, not how. */
export const hashOf = (ir: SQL): SQL => sql`encode(sha256(convert_to(${ir}::text, 'UTF8')), 'hex')`;

/**
 * Conditions on an open request `r`: its time is over; what it is of is no longer what it was: `p` (its pipeline) or `v`
 * (its target), or the rules `st`, where it is a change of those; or those rules ask for more now than it was made with.
 */
export const isExpired = sql`r.expires_at <= clock_timestamp()`;
export const isStale = sql`(case when r.pipeline_id is null then st.version is distinct from r.base_version
    or coalesce(${hashOf(sql`r.rules_after`)}, '') <> r.target_hash
  else p.live_version is distinct from r.base_version or coalesce(${hashOf(sql`v.ir`)}, '') <> r.target_hash
    or approval_asks_more(r, st) end)`;
/**
 * The people who may be one with who asked for the request `r` or saved it, at this moment: an array of ids.
 */
export const beholdenOf = (r: SQL = sql`r`): SQL => sql`array(select b.user_id from approval_beholden(
  ${r}.authors || jsonb_build_array(jsonb_build_object('name', ${r}.requested_by, 'userId', ${r}.requester_id)),
  ${r}.requested_at - make_interval(hours => ${ACCESS_HOURS}::int)) b)`;
export const subjectOf = sql`case when r.pipeline_id is null then 'rules' else 'pipeline' end`;
export const joinSubject = (tenantId: string): SQL => sql`
  left join approval_settings st on st.tenant_id = ${tenantId}
  left join pipelines p on p.tenant_id = ${tenantId} and p.id = r.pipeline_id
  left join pipeline_versions v
    on v.tenant_id = ${tenantId} and v.pipeline_id = r.pipeline_id and v.version = r.target_version`;

export type StoredVote = VoteRow & { voter: string; comment: string; votedAt: string };
export type StoredRequest = Request & {
  id: string;
  /** Null: it is a change of the rules, to `rulesAfter`. */
  pipelineId: string | null;
  baseVersion: number | null;
  targetVersion: number;
  rulesAfter: unknown;
  expiresAt: string;
  votes: StoredVote[];
};

type Row = Pick<StoredRequest, 'id' | 'subject' | 'pipelineId' | 'baseVersion' | 'targetVersion' | 'rulesAfter'> & {
  state: RequestState;
  isExpired: boolean;
  isStale: boolean;
  allowSamePerson: boolean;
  requestedBy: string;
  requesterId: string | null;
  authors: Party[];
  beholden: string[];
  expiresAt: string;
};

export const notFound = (id: string) =>
  new ServiceError('APPROVAL_NOT_FOUND', `there is no change request "${id.slice(0, 100)}"`);

/**
 * Which pipeline a request is of, which never changes: whoever is to apply it locks the pipeline first, as publishing
 * does. Null: it is of the rules, whose row is locked first then.
 * @throws ServiceError APPROVAL_NOT_FOUND
 */
export async function pipelineOfRequest(tx: Tx, tenantId: string, id: string): Promise<string | null> {
  const [row] = isUuid(id)
    ? await query<{ pipelineId: string | null }>(
        tx,
        sql`select pipeline_id as "pipelineId" from approval_requests where tenant_id = ${tenantId} and id = ${id}`,
      )
    : [];
  if (!row) throw notFound(id);
  return row.pipelineId;
}

/**
 * The request, locked, with everything that decides what may be done to it, by the database's clock of this moment.
 * Locks the memberships of those who voted, and of `voterId`, so that none of them loses a role between being counted
 * and the commit.
 * @throws ServiceError APPROVAL_NOT_FOUND
 */
export async function lockRequest(
  tx: Tx,
  tenantId: string,
  id: string,
  voterId: string | null = null,
): Promise<StoredRequest> {
  if (!isUuid(id)) throw notFound(id);
  // In a statement of its own: what is read beside a row that was waited for would be as old as the wait.
  await tx.execute(sql`select from approval_requests where tenant_id = ${tenantId} and id = ${id} for update`);
  await tx.execute(sql`select from memberships where tenant_id = ${tenantId} and (user_id = ${voterId}::uuid or user_id in (
      select user_id from approval_votes where tenant_id = ${tenantId} and request_id = ${id}
    )) order by user_id for share`);
  const [row] = await query<Row>(
    tx,
    sql`select r.id, ${subjectOf} as subject, r.pipeline_id as "pipelineId", r.rules_after as "rulesAfter", r.base_version as "baseVersion", r.target_version as "targetVersion",
        r.state, ${isExpired} as "isExpired", ${isStale} as "isStale", r.allow_same_person as "allowSamePerson",
        r.requested_by as "requestedBy", r.requester_id as "requesterId", r.authors, ${beholdenOf()} as beholden, r.expires_at as "expiresAt"
      from approval_requests r ${joinSubject(tenantId)} where r.tenant_id = ${tenantId} and r.id = ${id}`,
  );
  if (!row) throw notFound(id);
  const { requestedBy, requesterId, ...rest } = row;
  return {
    ...rest,
    requester: { name: requestedBy, userId: requesterId },
    stages: await readStages(tx, tenantId, id),
    votes: await readVotes(tx, tenantId, id),
  };
}

export function readStages(tx: Tx, tenantId: string, id: string): Promise<StageRow[]> {
  return query<StageRow>(
    tx,
    sql`select name, approvers, roles from approval_stages where tenant_id = ${tenantId} and request_id = ${id} order by stage`,
  );
}

/** Whether the vote `v` in the stage `s` of the request `asked` counts, by the people `who` as they are now. */
const countsNow = sql`(coalesce(who.is_active and who.role = any (s.roles), false) and v.user_id <> all (${beholdenOf(sql`asked`)}))`;

/** What an ended request `r` keeps: the votes that counted at that moment. */
export const countedOf = (tenantId: string, requestId: SQL): SQL => sql`(
  select coalesce(jsonb_agg(jsonb_build_array(v.stage, v.user_id)), '[]'::jsonb)
  from approval_votes v
  join approval_requests asked on asked.tenant_id = ${tenantId} and asked.id = v.request_id
  join approval_stages s on s.tenant_id = ${tenantId} and s.request_id = v.request_id and s.stage = v.stage
  join approval_people() who on who.user_id = v.user_id
  where v.tenant_id = ${tenantId} and v.request_id = ${requestId} and ${countsNow})`;

/** Whether the vote `v` counted at the end of `r`; null while that is open. */
export const countedThen = sql`r.counted @> jsonb_build_array(jsonb_build_array(v.stage, v.user_id))`;

/** Oldest first. Whether a vote counts is asked of the people as they are now, or were at the request's end. */
export async function readVotes(tx: Tx, tenantId: string, id: string): Promise<StoredVote[]> {
  const rows = await query<StoredVote>(
    tx,
    sql`select v.stage, v.user_id as "userId", v.voter, v.comment, v.voted_at as "votedAt",
        coalesce(${countedThen}, ${countsNow}) as counts
      from approval_votes v
      join approval_requests r on r.tenant_id = ${tenantId} and r.id = ${id}
      join approval_requests asked on asked.tenant_id = ${tenantId} and asked.id = ${id}
      join approval_stages s on s.tenant_id = ${tenantId} and s.request_id = ${id} and s.stage = v.stage
      left join approval_people() who on who.user_id = v.user_id
      where v.tenant_id = ${tenantId} and v.request_id = ${id} order by v.voted_at, v.stage`,
  );
  return rows.map((row) => ({ ...row, votedAt: new Date(row.votedAt).toISOString() }));
}
