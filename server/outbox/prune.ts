// Old events go a month at a time: dropping a partition costs nothing, deleting its rows costs a minute and WAL.
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { isLockTimeout, query, queryOne, type Tx, transaction } from '#server/lib/index.ts';

/** Longer than this nobody is kept waiting behind the drop, which itself waits for whoever reads the partition. */
const LOCK_TIMEOUT = '20ms';
/** A month's events may be of a transaction that began in the month before. */
const LEAST_DAYS = 31;
const TRIES = 40;
const PAUSE_MS = 250;

/** Has what came while its month had no partition. */
const NET = 'outbox_events_default';

export type PruneResult = {
  /** The default partition is among them when it was emptied. */
  dropped: string[];
  /** Of age, but with an event that is neither published nor discarded, or in use. */
  kept: string[];
};

/**
 * Drops the monthly partitions of the outbox that ended more than `days` ago and in which every event is published
 * or discarded. The default partition is emptied when all that it has is, and is so old. `owner` connects as the tables' owner.
 */
export async function pruneOutbox(owner: Pool, options: { days: number; signal?: AbortSignal }): Promise<PruneResult> {
  const days = Math.max(options.days, LEAST_DAYS);
  const result: PruneResult = { dropped: [], kept: [] };
  const prune = async (partition: string, ifDone: (tx: Tx) => Promise<boolean>) => {
    const isGone = await tryUntilFree(owner, ifDone, options.signal);
    (isGone ? result.dropped : result.kept).push(partition);
  };
  for (const partition of await oldPartitions(owner, days)) await prune(partition, (tx) => detachIfDone(tx, partition));
  if (await transaction(owner, {}, (tx) => isNetOld(tx, days))) await prune(NET, (tx) => emptyNetIfDone(tx, days));
  await dropDetached(owner);
  return result;
}

/** No query finds what is detached: what somebody still has locked may stay until the next cleanup. */
async function dropDetached(owner: Pool): Promise<void> {
  try {
    await transaction(owner, {}, (tx) => tx.execute(sql`select drop_detached_months()`));
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
}

/** Oldest first. The default partition has no month and is not among them. */
async function oldPartitions(owner: Pool, days: number): Promise<string[]> {
  const rows = await transaction(owner, {}, (tx) =>
    query<{ name: string }>(
      tx,
      sql`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.outbox_events'::regclass and c.relname ~ '^outbox_events_[0-9]{6}$'
          and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= (now() at time zone 'UTC') - make_interval(days => ${days}::int)
        order by 1`,
    ),
  );
  return rows.map(({ name }) => name);
}

/**
 * Whether the default partition has events, and none was stored less than `days` ago: the last of each lane, which was stored
 * after the others, was changed before that. Its months are of no use for this, as an id may lie in any, and no index has ids alone.
 */
async function isNetOld(tx: Tx, days: number): Promise<boolean> {
  const { isOld } = await queryOne<{ isOld: boolean }>(
    tx,
    sql`select coalesce(max(e.updated_at) < now() - make_interval(days => ${days}::int), false) as "isOld"
      from outbox_lanes l cross join lateral (
        select updated_at from outbox_events_default p where p.lane = l.lane order by p.seq desc limit 1) e`,
  );
  return isOld;
}

/** False: `ifDone` said so, or somebody had the partition locked for as long as this tried. */
async function tryUntilFree(
  owner: Pool,
  ifDone: (tx: Tx) => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    try {
      // Of a crash of the server it may be undone: then the partition is back, and goes with the next cleanup.
      return await transaction(owner, { mayBeUndone: true }, ifDone);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (tries === TRIES) return false;
      await wait(PAUSE_MS, undefined, { signal });
    }
  }
}

/**
 * Locks the partition first: nothing changes in it between the look and the end, and no insert goes there. The
 * look is by indexes alone, because who reads all partitions waits: at or below its lane's low-water a row is published,
 * failed or discarded, and failed ones have an index.
 */
async function lockIfDone(tx: Tx, partition: string): Promise<boolean> {
  const table = sql.identifier(partition);
  await tx.execute(
    sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true), set_config('enable_seqscan', 'off', true)`,
  );
  await tx.execute(sql`lock table ${table} in access exclusive mode`);
  const { isDone } = await queryOne<{ isDone: boolean }>(
    tx,
    sql`select not exists (select from ${table} where failed_at is not null) and not exists (
        select from outbox_lanes l where l.low_water < (select max(p.seq) from ${table} p where p.lane = l.lane)) as "isDone"`,
  );
  return isDone;
}

/**
 * The partition's lock, then the table's, for a change of the catalogue that need not wait for the disk, as the commit of
 * a drop would. What is detached stands in detached_months until it is dropped.
 */
async function detachIfDone(tx: Tx, partition: string): Promise<boolean> {
  if (!(await lockIfDone(tx, partition))) return false;
  await tx.execute(sql`insert into detached_months (part, of_table, judged_by, is_detached)
    values (${partition}, 'outbox_events', pg_current_xact_id(), true)
    on conflict (part) do update set judged_by = excluded.judged_by, is_detached = true`);
  await tx.execute(sql`do $$ begin
    lock table outbox_events_default in access exclusive mode;
    lock table only outbox_events in access exclusive mode;
    alter table outbox_events detach partition ${sql.identifier(partition)};
  end $$`);
  return true;
}

/** While the months have partitions nobody stores there; who reads or claims waits for the disk with this, once. */
async function emptyNetIfDone(tx: Tx, days: number): Promise<boolean> {
  const mayGo = (await lockIfDone(tx, NET)) && (await isNetOld(tx, days));
  if (mayGo) await tx.execute(sql`truncate ${sql.identifier(NET)}`);
  return mayGo;
}
