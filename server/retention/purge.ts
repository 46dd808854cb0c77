// One tenant's purge from its beginning to its receipt. Every step is a transaction of its own and leaves a state from
// which the next purge goes on: the row in retention_purges counts what was deleted in the same transaction.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import {
  CLASS_TABLES,
  type ClassTable,
  DATA_CLASSES,
  type DataClass,
  type PurgePlan,
  retentionPurges,
} from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import type { JobContext, JobTenant } from '#server/jobs/index.ts';
import { query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { type DeleteBlob, purgeBlobs } from './blobs.ts';
import { BATCH_ROWS, PURGE_JOB_NAME } from './config.ts';
import { byClass, lockRetention, type Plan, readPlan } from './plan.ts';
import { BEFORE_ALL, purgeBatch } from './purge-batch.ts';
import { type PurgeRow, receiptHash, toReceipt } from './receipts.ts';
import type { Receipt } from './schemas.ts';

export type PurgeDeps = Pick<JobContext, 'pool' | 'log' | 'signal' | 'fence' | 'failPoint'> & {
  deleteBlob: DeleteBlob;
  /** Rows that one transaction goes through. */
  batchRows?: number;
  /** Asked after batches: true leaves the rest of the purge to the next run. */
  isOver?: () => boolean;
};

/**
 * Deletes what the tenant's policies let go and returns the receipt; null when no policy deletes anything. A purge
 * that was cut off is taken up where it was, with the cutoffs that it began with.
 * `unfinished`: `isOver` said so, and the purge stays open, with what it did counted. Each call gets further.
 * @throws the signal's reason when the run is to end; what is deleted by then is counted.
 */
export async function purgeTenant(
  deps: PurgeDeps,
  tenant: JobTenant,
  isOpenedHere: boolean,
): Promise<Receipt | null | 'unfinished'> {
  const purge = await inTenant(deps, tenant.id, (tx) => takeUpPurge(tx, tenant.id, isOpenedHere));
  if (!purge) return null;
  deps.failPoint('dsarPurge.opened');
  for (const dataClass of DATA_CLASSES)
    for (const table of CLASS_TABLES[dataClass])
      if (!(await purgeTable(deps, tenant, purge, { dataClass, table }))) return 'unfinished';
  if (!(await purgeBlobs(deps, tenant.id, purge.id))) return 'unfinished';
  deps.failPoint('dsarPurge.blobs');
  return inTenant(deps, tenant.id, (tx) => finishPurge(tx, deps, tenant, purge.id));
}

const inTenant = <T>(
  deps: PurgeDeps,
  tenantId: string,
  work: (tx: Tx) => Promise<T>,
  more: { mayBeUndone?: boolean } = {},
): Promise<T> =>
  transaction(deps.pool, { tenantId, ...more }, async (tx) => {
    await deps.fence(tx);
    return work(tx);
  });

/** The tenant's unfinished purge, or a new one; null when there is nothing to begin. Takes the retention lock. */
export async function openPurge(tx: Tx, tenantId: string, isOpenedHere: boolean): Promise<PurgeRow | null> {
  await lockRetention(tx, tenantId);
  const isOpen = sql`tenant_id = ${tenantId} and finished_at is null`;
  const [found] = await tx.select().from(retentionPurges).where(isOpen);
  if (found) {
    if (!isOpenedHere) await tx.execute(sql`update retention_purges set resumptions = resumptions + 1 where ${isOpen}`);
    return found;
  }
  const plan = await readPlan(tx, tenantId);
  if (plan.retentionDays === 0) return null;
  const { mode, retentionDays } = plan;
  const [opened] = await tx
    .insert(retentionPurges)
    .values({ tenantId, mode, retentionDays, plan: purgePlan(plan) })
    .returning();
  return opened!;
}

async function takeUpPurge(tx: Tx, tenantId: string, isOpenedHere: boolean): Promise<PurgeRow | null> {
  const purge = await openPurge(tx, tenantId, isOpenedHere);
  if (purge)
    await tx.execute(
      sql`update retention_purges set taken_up_at = now() where tenant_id = ${tenantId} and id = ${purge.id}`,
    );
  return purge;
}

/** When the tenant last had its turn, as text that sorts by time; null where it never had one. */
export const readLastTurn = (pool: Pool, tenantId: string): Promise<string | null> =>
  transaction(pool, { tenantId }, async (tx) => {
    const { at } = await queryOne<{ at: string | null }>(
      tx,
      sql`select to_char(max(coalesce(taken_up_at, finished_at)) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') as at
        from retention_purges where tenant_id = ${tenantId}`,
    );
    return at;
  });

/** The tenant's purge that has no receipt yet, with what it has deleted so far; null where there is none. */
export const readOpenPurge = (pool: Pool, tenantId: string): Promise<PurgeRow | null> =>
  transaction(pool, { tenantId }, async (tx) => {
    const [row] = await tx.select().from(retentionPurges).where(sql`tenant_id = ${tenantId} and finished_at is null`);
    return row ?? null;
  });

const purgePlan = (plan: Plan): PurgePlan =>
  byClass((dataClass) => {
    const { days, cutoffAt, isHeld } = plan.classes[dataClass];
    return days === null || cutoffAt === null ? { days: null, isHeld } : { days, cutoffAt };
  });

type Part = { dataClass: DataClass; table: ClassTable };

/** False: the time was over before its end. */
async function purgeTable(deps: PurgeDeps, tenant: JobTenant, purge: PurgeRow, part: Part): Promise<boolean> {
  const { dataClass, table } = part;
  const planned = purge.plan[dataClass];
  if (!planned || planned.days === null) return true;
  let scope = { tenantId: tenant.id, purgeId: purge.id, dataClass, table, cutoffAt: planned.cutoffAt };
  for (let position = purge.positions[table] ?? BEFORE_ALL; ; ) {
    deps.signal.throwIfAborted();
    const batch = await inTenant(
      deps,
      tenant.id,
      async (tx) => {
        const result = await purgeBatch(tx, scope, position, deps.batchRows ?? BATCH_ROWS);
        deps.failPoint('dsarPurge.deleted');
        return result;
      },
      // Undone by a crash of the server, rows, counts and position are back alike; blobs would not be. Whoever places a
      // hold on what is gone, or ends the purge, commits after it and for good.
      { mayBeUndone: table !== 'ai_attachments' },
    );
    deps.failPoint('dsarPurge.batch');
    if (batch.isDone) return true;
    position = batch.position;
    // Else a cutoff that moves with the clock would never be reached.
    scope = { ...scope, cutoffAt: batch.cutoffAt };
    if (deps.isOver?.()) return false;
  }
}

/** Writes the receipt and the one audit row. From here on the purge cannot be changed. */
async function finishPurge(tx: Tx, deps: PurgeDeps, tenant: JobTenant, purgeId: string): Promise<Receipt> {
  const { previousHash } = await queryOne<{ previousHash: string | null }>(
    tx,
    // The end of the chain is what no other receipt goes on from; a clock that was set back has ids in another order.
    sql`select (select p.hash from retention_purges p where p.tenant_id = ${tenant.id} and p.finished_at is not null
      order by exists (select from retention_purges n where n.tenant_id = p.tenant_id and n.previous_hash = p.hash), p.id desc
      limit 1) as "previousHash"`,
  );
  const { now } = await queryOne<{ now: string }>(tx, sql`select date_trunc('milliseconds', now()) as now`);
  const isThis = sql`tenant_id = ${tenant.id} and id = ${purgeId}`;
  const [row] = await tx.select().from(retentionPurges).where(isThis);
  const receipt = { ...toReceipt(row!), finishedAt: new Date(now).toISOString(), previousHash };
  const hash = receiptHash(tenant.id, receipt);
  await query(
    tx,
    sql`update retention_purges set finished_at = ${receipt.finishedAt}::timestamptz, previous_hash = ${previousHash},
      hash = ${hash} where ${isThis}`,
  );
  const ctx: Ctx = {
    pool: deps.pool,
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
    actor: { kind: 'system', id: PURGE_JOB_NAME },
    requestId: purgeId,
    log: deps.log,
  };
  const { decisionTraces, interactionHistory, aiAttachments, blobsDeleted, retentionDays, mode } = receipt;
  await recordAudit(tx, ctx, {
    action: 'retention.purge',
    targetKind: 'retention_purge',
    targetId: purgeId,
    details: { mode, retentionDays, decisionTraces, interactionHistory, aiAttachments, blobsDeleted, receipt: hash },
  });
  return { ...receipt, hash };
}
