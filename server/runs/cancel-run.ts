import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { query, ServiceError, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { hasEnded, type RunStatus } from './states.ts';
import { wakeRunners } from './wake.ts';

/**
 * Cancels a run: one that waits ends at once, one that runs is stopped by its runner (its statement is cancelled
 * in the database) and rolled back. `isPending`: the runner has yet to do it.
 * @throws ServiceError RUN_NOT_FOUND, RUN_NOT_CANCELLABLE
 */
export function cancelRun(ctx: Ctx, input: { id: string }): Promise<{ status: RunStatus; isPending: boolean }> {
  return withTransaction(ctx, async (tx) => {
    const ours = sql`tenant_id = ${ctx.tenant.id} and run_id = ${input.id}`;
    const [queued] = await query<{ isClaimed: boolean }>(
      tx,
      sql`select claimed_by is not null as "isClaimed" from run_queue where ${ours} for update`,
    );
    if (!queued) return refuse(await findStatus());
    await recordAudit(tx, ctx, { action: 'run.cancel', targetKind: 'run', targetId: input.id });
    tx.afterCommit(wakeRunners);
    if (queued.isClaimed) {
      await tx.execute(
        sql`update run_queue set cancel_requested_at = coalesce(cancel_requested_at, now()) where ${ours}`,
      );
      return { status: 'running', isPending: true };
    }
    await tx.execute(sql`delete from run_queue where ${ours}`);
    await tx.execute(
      sql`update runs set status = 'cancelled', finished_at = now() where tenant_id = ${ctx.tenant.id} and id = ${input.id}`,
    );
    return { status: 'cancelled', isPending: false };

    async function findStatus(): Promise<RunStatus | undefined> {
      const [run] = await query<{ status: RunStatus }>(
        tx,
        sql`select status from runs where tenant_id = ${ctx.tenant.id} and id = ${input.id}`,
      );
      return run?.status;
    }
  });

  function refuse(status: RunStatus | undefined): never {
    if (!status) throw new ServiceError('RUN_NOT_FOUND', `there is no run "${input.id}"`);
    const state = hasEnded(status) ? `has already ended: ${status}` : `is just ending (${status}); look again`;
    throw new ServiceError('RUN_NOT_CANCELLABLE', `run "${input.id}" ${state}`);
  }
}
