// Audit rows that a destination refused for good, as their tenant sees them and decides over them.

import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
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
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import type { ListQuarantineInput, QuarantinedRow, QuarantinePage, SiemShipping } from './schemas.ts';
import { siemShipJob, UNCONFIGURED } from './siem-ship-job.ts';

type Row = Omit<QuarantinedRow, 'payload'> & QuarantinedRow['payload'];

/** Newest first, each with the audit row that it is about. */
export function listQuarantine(ctx: Ctx, input: ListQuarantineInput): Promise<z.infer<typeof QuarantinePage>> {
  const [id = '', destination = ''] = input.cursor === undefined ? [] : decodeCursor(input.cursor, 2);
  if (input.cursor !== undefined && !isUuid(id))
    throw new ServiceError(
      'INPUT_INVALID',
      'cursor is not one this list gave out; leave it away to start from the top',
    );
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select q.audit_id as id, q.destination, q.status, q.reason, q.created_at as "refusedAt", q.state,
          q.decided_by as "decidedBy", q.decided_at as "decidedAt", a.created_at as at, a.actor_kind as "actorKind",
          a.actor_id as "actorId", a.action, a.outcome, a.target_kind as "targetKind", a.target_id as "targetId",
          a.request_id as "requestId", a.details
        from siem_quarantine q join audit_log a on a.tenant_id = q.tenant_id and a.id = q.audit_id
        where q.tenant_id = ${ctx.tenant.id}
          ${input.state === undefined ? sql`` : sql`and q.state = ${input.state}`}
          ${input.cursor === undefined ? sql`` : sql`and (q.audit_id, q.destination) < (${id}::uuid, ${destination})`}
        order by q.audit_id desc, q.destination desc limit ${input.limit + 1}`,
    );
    const page = toPage(rows.map(toItem), input.limit, (row) => [row.id, row.destination]);
    return { ...page, shipping: await readShipping(tx) };
  });
}

/** By what the worker has written down: the last run that ended, and whether anything fires the job. */
async function readShipping(tx: Tx): Promise<SiemShipping> {
  const { isUnconfigured, isRun } = await queryOne<{ isUnconfigured: boolean; isRun: boolean }>(
    tx,
    sql`select coalesce((select r.counts ? ${UNCONFIGURED} from cron_runs r
          where r.job = ${siemShipJob.name} and r.finished_at is not null order by r.started_at desc limit 1), false) as "isUnconfigured",
        exists (select from cron_jobs j where j.job = ${siemShipJob.name} and j.schedule is not null)
          or exists (select from cron_runs r where r.job = ${siemShipJob.name} and r.started_at > now() - interval '1 day') as "isRun"`,
  );
  if (isUnconfigured) return 'no_siem';
  return isRun ? 'on' : 'no_schedule';
}

const iso = (at: string) => new Date(at).toISOString();

function toItem(row: Row): QuarantinedRow {
  const { id, destination, status, reason, refusedAt, state, decidedBy, decidedAt, at, ...payload } = row;
  return {
    ...{ id, destination, status, reason, refusedAt: iso(refusedAt), state, decidedBy },
    decidedAt: decidedAt === null ? null : iso(decidedAt),
    payload: { at: iso(at), ...payload },
  };
}

/**
 * Has the next run send these rows alone once more. Where the destination that refused them is no longer the one that
 * is shipped to, the present one gets them instead.
 * @throws ServiceError SIEM_ROW_NOT_FOUND when none of them is set aside
 */
export const requeueRows = (ctx: Ctx, { ids }: { ids: string[] }) => decide(ctx, ids, 'requeued');

/**
 * Leaves these rows unshipped, with who said so; they stay in the audit log, and may be requeued later.
 * @throws ServiceError SIEM_ROW_NOT_FOUND when none of them is set aside
 */
export const discardRows = (ctx: Ctx, { ids }: { ids: string[] }) => decide(ctx, ids, 'discarded');

function decide(ctx: Ctx, ids: string[], state: 'requeued' | 'discarded'): Promise<{ changed: number }> {
  return withTransaction(ctx, async (tx) => {
    const isMeant = sql`tenant_id = ${ctx.tenant.id}
      and audit_id in (select value::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`;
    const changed = await query<{ id: string; destination: string }>(
      tx,
      sql`update siem_quarantine set state = ${state}, decided_by = ${actorName(ctx.actor)}, decided_at = clock_timestamp()
        where ${isMeant} and state <> ${state} returning audit_id as id, destination`,
    );
    if (changed.length === 0 && !(await isAnyThere(tx, isMeant)))
      throw new ServiceError('SIEM_ROW_NOT_FOUND', `none of these ${ids.length} audit rows is set aside`);
    if (changed.length > 0)
      await recordAudit(tx, ctx, {
        action: state === 'requeued' ? 'siem.requeue' : 'siem.discard',
        targetKind: 'audit_row',
        targetId: changed.length === 1 ? changed[0]!.id : '',
        details: toDetails(changed),
      });
    return { changed: changed.length };
  });
}

/** Each address once: beside every one of 500 ids, long ones would be more than an audit row keeps. */
const toDetails = (changed: readonly { id: string; destination: string }[]) => ({
  count: changed.length,
  destinations: [...new Set(changed.map(({ destination }) => destination))].sort(),
  ids: [...new Set(changed.map(({ id }) => id))].sort(),
});

const isAnyThere = async (tx: Tx, isMeant: ReturnType<typeof sql>): Promise<boolean> =>
  (await query(tx, sql`select 1 as one from siem_quarantine where ${isMeant} limit 1`)).length > 0;
