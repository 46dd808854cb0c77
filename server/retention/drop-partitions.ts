// A month in which every row of every tenant is past its cutoff goes as a whole. Functions of the database judge, detach
// and drop it, under the locks that placing a hold takes; here they are only called, month by month. A month is detached
// first: that commit does not wait for the disk, so inserts do not either. Dropping it after that keeps nobody waiting.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { ClassTable } from '#db/schema/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { isLockTimeout, logError, query, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import { DETACH_PAUSE_MS, DETACH_TRIES, DROP_TRIES } from './config.ts';
import { openPurge } from './purge.ts';

type Deps = Pick<JobContext, 'pool' | 'log' | 'signal' | 'fence' | 'failPoint'> & { isOver: () => boolean };
const DROPPED: ClassTable[] = ['interaction_history', 'interaction_outcomes', 'decision_traces'];

/**
 * Drops the months that are due and counts what each tenant lost by it on the tenant's purge, which it opens. Returns
 * those tenants. A month that somebody reads is left to the batches, one that the time does not reach to the next run.
 */
export async function dropPartitions(deps: Deps): Promise<Set<string>> {
  const opened = new Set<string>();
  await tryDropDetached(deps);
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
      if (deps.isOver()) return opened;
      const month = { table, name };
      const tenants = await tryDetach(deps, month);
      if (tenants === null) continue;
      deps.failPoint('dsarPurge.detached');
      await tryDropDetached(deps);
      deps.failPoint('dsarPurge.partition');
      for (const tenantId of tenants) opened.add(tenantId);
    }
  }
  return opened;
}

/**
 * Drops what was detached, by whomever: a process may have died before it dropped its month. Returns how many.
 * @throws where somebody has kept one of them locked for five seconds
 */
export const dropDetached = (pool: Pool): Promise<number> =>
  transaction(pool, {}, async (tx) => (await queryOne<{ n: number }>(tx, sql`select drop_detached_months() as n`)).n);

/** Nobody finds rows of a detached month, so whether it goes now or with the next purge must not stop this one. */
async function tryDropDetached(deps: Deps): Promise<void> {
  try {
    await dropDetached(deps.pool);
  } catch (error) {
    deps.signal.throwIfAborted();
    logError(deps.log, error, 'detached partitions could not be dropped: the next purge tries again');
  }
}

type Month = { table: ClassTable; name: string };

/** The tenants that had rows in the month; null where it stays. */
async function tryDetach(deps: Deps, month: Month): Promise<string[] | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      // When the server crashes before it is on the disk, the month is back, and so are the counts.
      return await transaction(deps.pool, { mayBeUndone: true }, (tx) => detachOne(tx, deps, month));
    } catch (error) {
      deps.signal.throwIfAborted();
      if (error instanceof ServiceError && error.code === 'JOB_LEASE_LOST') throw error;
      if (isInUse(error) && tries < DROP_TRIES) continue;
      // Dropping only saves work: a month that cannot be looked through in time must not stop every tenant's purge.
      const { name } = month;
      if (isInUse(error))
        deps.log.info({ partition: name }, 'a partition that is due is in use: its rows are deleted in batches');
      else logError(deps.log, error, 'a partition could not be dropped: its rows are deleted in batches', { name });
      return null;
    }
  }
}

/** Undoes the transaction, with the purges that were opened for the counts. */
class MonthInUse extends Error {}

async function detachOne(tx: Tx, deps: Deps, { table, name }: Month): Promise<string[] | null> {
  await deps.fence(tx);
  const { lost } = await queryOne<{ lost: { tenantId: string; deleted: number }[] | null }>(
    tx,
    sql`select retention_judge_month(${table}, ${name}) as lost`,
  );
  if (lost === null) return null;
  // Before the month is detached: from then on until the commit, every insert waits.
  for (const { tenantId, deleted } of lost) await countOn(tx, table, tenantId, deleted);
  for (let tries = 1; ; tries += 1) {
    const { isDetached } = await queryOne<{ isDetached: boolean }>(
      tx,
      sql`select retention_detach_month(${name}) as "isDetached"`,
    );
    if (isDetached) break;
    if (tries === DETACH_TRIES) throw new MonthInUse();
    await sleep(DETACH_PAUSE_MS, undefined, { signal: deps.signal });
  }
  deps.log.info({ partition: name, tenants: lost.length }, 'detached a partition that is due');
  return lost.map(({ tenantId }) => tenantId);
}

async function countOn(tx: Tx, table: ClassTable, tenantId: string, deleted: number): Promise<void> {
  // Row security: from here to the next tenant this transaction is this tenant's.
  await tx.execute(sql`select set_config('mainspring.tenant_id', ${tenantId}, true)`);
  const purge = await openPurge(tx, tenantId, true);
  if (!purge) throw new Error(`tenant ${tenantId} loses a partition and has no purge to count it on`);
  const counter = table === 'decision_traces' ? sql`decision_traces` : sql`interaction_history`;
  await tx.execute(sql`update retention_purges set ${counter} = ${counter} + ${deleted}::bigint
    where tenant_id = ${tenantId} and id = ${purge.id}`);
}

const isInUse = (error: unknown): boolean => error instanceof MonthInUse || isLockTimeout(error);
