// A month in which every row of every tenant is past its cutoff goes as a whole. retention_drop_partition judges and
// drops in the database, under the locks that placing a hold takes; here it is only asked, month by month.
import { sql } from 'drizzle-orm';
import type { ClassTable } from '#db/schema/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { logError, query, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import { DROP_TRIES } from './config.ts';
import { openPurge } from './purge.ts';

type Deps = Pick<JobContext, 'pool' | 'log' | 'signal' | 'fence' | 'failPoint'>;
const DROPPED: ClassTable[] = ['interaction_history', 'interaction_outcomes', 'decision_traces'];

/**
 * Drops the months that are due and counts what each tenant lost by it on the tenant's purge, which it opens. Returns
 * those tenants. A month that somebody reads is left to the batches.
 */
export async function dropPartitions(deps: Deps): Promise<Set<string>> {
  const opened = new Set<string>();
  for (const table of DROPPED) {
    const parts = await transaction(deps.pool, {}, (tx) =>
      query<{ name: string }>(
        tx,
        sql`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where i.inhparent = ${`public.${table}`}::regclass and c.relname ~ '_[0-9]{6}$' order by 1`,
      ),
    );
    for (const { name } of parts) {
      deps.signal.throwIfAborted();
      for (const tenantId of await tryDrop(deps, table, name)) opened.add(tenantId);
    }
  }
  return opened;
}

async function tryDrop(deps: Deps, table: ClassTable, name: string): Promise<string[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      const tenants = await transaction(deps.pool, {}, (tx) => dropOne(tx, deps, table, name));
      deps.failPoint('dsarPurge.partition');
      return tenants;
    } catch (error) {
      deps.signal.throwIfAborted();
      if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
      if (isLockTimeout(error) && tries < DROP_TRIES) continue;
      // Dropping only saves work: a month that cannot be looked through in time must not stop every tenant's purge.
      if (isLockTimeout(error))
        deps.log.info({ partition: name }, 'a partition that may be due is in use: its rows are deleted in batches');
      else logError(deps.log, error, 'a partition could not be dropped: its rows are deleted in batches', { name });
      return [];
    }
  }
}

async function dropOne(tx: Tx, deps: Deps, table: ClassTable, name: string): Promise<string[]> {
  await deps.fence(tx);
  const lost = await query<{ tenantId: string; deleted: string }>(
    tx,
    sql`select tenant_id as "tenantId", deleted from retention_drop_partition(${table}, ${name})`,
  );
  for (const { tenantId, deleted } of lost) {
    // Row security: from here to the next tenant this transaction is this tenant's.
    await tx.execute(sql`select set_config('mainspring.tenant_id', ${tenantId}, true)`);
    const purge = await openPurge(tx, tenantId, true);
    if (!purge) throw new Error(`tenant ${tenantId} lost a partition and has no purge to count it on`);
    const counter = table === 'decision_traces' ? sql`decision_traces` : sql`interaction_history`;
    await tx.execute(sql`update retention_purges set ${counter} = ${counter} + ${deleted}::bigint
      where tenant_id = ${tenantId} and id = ${purge.id}`);
  }
  if (lost.length > 0) deps.log.info({ partition: name, tenants: lost.length }, 'dropped a partition that was due');
  return lost.map(({ tenantId }) => tenantId);
}

function isLockTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === '55P03') || isLockTimeout(error.cause);
}
