// The emergency stop: nothing new is claimed or fired until work is resumed. What runs is left or cancelled, and
// publishing goes on or is held, as whoever stops it chooses.

import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { inTenant, query, type Tx, withTransaction } from '#server/lib/index.ts';
import { findStops, type StopState } from '#server/limits/index.ts';
import { wakePublishers } from '#server/outbox/index.ts';
import { wakeRunners } from '#server/runs/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import type { StopInput } from './stop-schemas.ts';

type Asked = z.output<typeof StopInput>;
type Stopped = StopState & { cancelling: number };

export const stopState = (ctx: Ctx): Promise<StopState> => withTransaction(ctx, (tx) => findStops(tx, ctx.tenant.id));

/**
 * Stops the tenant's work; while it is stopped already, its reason and choices are replaced.
 * `cancelling`: runs that are told to end now.
 */
export function stopTenant(ctx: Ctx, input: Asked): Promise<Stopped> {
  const tenantId = ctx.tenant.id;
  return withTransaction(ctx, async (tx) => {
    await tx.execute(sql`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
      values (${tenantId}, ${input.reason}, ${input.running}, ${input.holdPublishing}, ${actorName(ctx.actor)})
      on conflict (tenant_id) where resumed_at is null
      do update set reason = excluded.reason, running = excluded.running, holds_publishing = excluded.holds_publishing`);
    const cancelling = input.running === 'cancel' ? await cancelRunning(tx, tenantId) : 0;
    await auditStop(tx, ctx, 'work.stop', { ...input, cancelling });
    tx.afterCommit(wakeRunners);
    return { ...(await findStops(tx, tenantId)), cancelling };
  });
}

/** Lets work go on. Where it is not stopped nothing changes. */
export function resumeTenant(ctx: Ctx): Promise<StopState> {
  return withTransaction(ctx, async (tx) => {
    const resumed = await query(
      tx,
      sql`update tenant_stops set resumed_by = ${actorName(ctx.actor)}, resumed_at = now()
        where tenant_id = ${ctx.tenant.id} and resumed_at is null returning id`,
    );
    if (resumed.length > 0) await auditStop(tx, ctx, 'work.resume', {});
    wakeAll(tx);
    return findStops(tx, ctx.tenant.id);
  });
}

/** The same for all tenants. A tenant's own stop is another: it stays when this one is resumed. */
export function stopInstance(ctx: Ctx, input: Asked): Promise<Stopped> {
  return withTransaction(ctx, async (tx) => {
    await tx.execute(sql`insert into instance_stops (reason, running, holds_publishing, stopped_by)
      values (${input.reason}, ${input.running}, ${input.holdPublishing}, ${actorName(ctx.actor)})
      on conflict ((true)) where resumed_at is null
      do update set reason = excluded.reason, running = excluded.running, holds_publishing = excluded.holds_publishing`);
    let cancelling = 0;
    if (input.running === 'cancel')
      for (const tenantId of await listTenants(tx))
        cancelling += await inTenant(tx, tenantId, () => cancelRunning(tx, tenantId));
    await auditStop(tx, ctx, 'instance.stop', { ...input, cancelling });
    tx.afterCommit(wakeRunners);
    return { ...(await findStops(tx, ctx.tenant.id)), cancelling };
  });
}

/** The same for the installation. */
export function resumeInstance(ctx: Ctx): Promise<StopState> {
  return withTransaction(ctx, async (tx) => {
    const resumed = await query(
      tx,
      sql`update instance_stops set resumed_by = ${actorName(ctx.actor)}, resumed_at = now()
        where resumed_at is null returning id`,
    );
    if (resumed.length > 0) await auditStop(tx, ctx, 'instance.resume', {});
    wakeAll(tx);
    return findStops(tx, ctx.tenant.id);
  });
}

async function listTenants(tx: Tx): Promise<string[]> {
  const rows = await query<{ id: string }>(tx, sql`select tenant_id as id from instance_tenants() order by 1`);
  return rows.map(({ id }) => id);
}

/** Its runners end them as they do when a run is cancelled by hand; what waits goes on waiting. */
async function cancelRunning(tx: Tx, tenantId: string): Promise<number> {
  const told = await query(
    tx,
    sql`update run_queue set cancel_requested_at = now()
      where tenant_id = ${tenantId} and claimed_by is not null and cancel_requested_at is null returning run_id`,
  );
  return told.length;
}

function wakeAll(tx: Tx): void {
  tx.afterCommit(wakeRunners);
  tx.afterCommit(wakePublishers);
}

const auditStop = (tx: Tx, ctx: Ctx, action: string, details: Record<string, unknown>) =>
  recordAudit(tx, ctx, { action, targetKind: 'tenant', targetId: ctx.tenant.id, details });
