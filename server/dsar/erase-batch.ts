// One bounded part of one store of the inventory, in one transaction that holds the tenant's retention lock.
import { type SQL, sql } from '#db/drizzle.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';
import type { Store, Subject } from './inventory.ts';
import { isBetween, isNaming, isOwn, keyOrder, mayName, type Place, placeOfRow, redactions, tableOf } from './match.ts';

export type BatchScope = { tenantId: string; requestId: string; subject: Subject; store: Store };
export type BatchResult = {
  /** Rows that were erased, as a whole or the subject out of them. */
  erased: number;
  /** Rows that name the subject and stay. */
  kept: number;
  /** Rows in which the id stands and may be something else. */
  possible: number;
  /** Rows that can be erased later only. */
  waiting: number;
  /** How far the store was gone through; null: to its end. */
  upTo: Place;
};

/** Goes through at most `rows` rows behind `after`. */
export async function eraseBatch(tx: Tx, scope: BatchScope, after: Place, rows: number): Promise<BatchResult> {
  const { store, tenantId, subject } = scope;
  if (store.lock) await tx.execute(store.lock(tenantId));
  const [last] = await query<{ place: string }>(
    tx,
    sql`select ${placeOfRow(store)} as place from ${tableOf(store)} r
      where r.tenant_id = ${tenantId} and ${isBetween(store, after, null)}
      order by ${keyOrder(store)} limit 1 offset ${rows - 1}`,
  );
  const upTo = last?.place ?? null;
  const inRange = sql`r.tenant_id = ${tenantId} and ${isBetween(store, after, upTo)}`;
  const own = isOwn(store, subject);
  const naming = isNaming(store, subject);
  if (store.onMention === 'keep') {
    const stays = await count(tx, store, sql`${inRange} and ${naming}`);
    return { erased: 0, kept: stays, possible: await countPossible(tx, scope, inRange), waiting: 0, upTo };
  }
  const isKept = store.isKept?.(subject) ?? sql`false`;
  const isErasable = store.isErasable ?? sql`true`;
  // Counted before anything goes: what becomes erasable in between is the next pass's.
  const waiting = store.isErasable
    ? await count(tx, store, sql`${inRange} and (${own} or ${naming}) and not (${isErasable}) and not (${isKept})`)
    : 0;
  const kept = store.isKept ? await count(tx, store, sql`${inRange} and (${own} or ${naming}) and ${isKept}`) : 0;
  const isDue = sql`${isErasable} and not (${isKept})`;
  let erased = await deleteRows(tx, scope, sql`${inRange} and ${own} and ${isDue}`);
  if (hasColumns(store)) {
    const changed = await query(
      tx,
      sql`update ${tableOf(store)} r set ${redactions(store, subject)}
        where ${inRange} and ${naming} and ${isDue} returning 1 as one`,
    );
    erased += changed.length;
    if (store.follows && changed.length > 0) await tx.execute(store.follows(inRange));
  }
  return { erased, kept, possible: await countPossible(tx, scope, inRange), waiting, upTo };
}

/** What is left when all else is done: neither the subject's own nor told to name them by the rules. */
const countPossible = (tx: Tx, { store, subject }: BatchScope, inRange: SQL): Promise<number> =>
  count(
    tx,
    store,
    sql`${inRange} and ${mayName(store, subject)} and not ${isNaming(store, subject)} and not ${isOwn(store, subject)}`,
  );

const hasColumns = ({ texts = [], jsons = [], ids = [] }: Store) => texts.length + jsons.length + ids.length > 0;

async function count(tx: Tx, store: Store, where: SQL): Promise<number> {
  const { rows } = await queryOne<{ rows: number }>(
    tx,
    sql`select count(*)::int as rows from ${tableOf(store)} r where ${where}`,
  );
  return rows;
}

/** The blobs of deleted attachments are written down with them: nobody else would know of them. */
async function deleteRows(tx: Tx, { store, tenantId, requestId }: BatchScope, where: SQL): Promise<number> {
  if (!store.own) return 0;
  const gone = sql`delete from ${tableOf(store)} r where ${where}`;
  const parts = store.hasBlobs
    ? sql`gone as (${gone} returning r.location), noted as (
        insert into retention_blobs (tenant_id, location, purge_id)
        select distinct ${tenantId}::uuid, g.location, ${requestId}::uuid from gone g
        on conflict (tenant_id, location) do update set purge_id = excluded.purge_id)`
    : sql`gone as (${gone} returning 1)`;
  const { rows } = await queryOne<{ rows: number }>(tx, sql`with ${parts} select count(*)::int as rows from gone`);
  return rows;
}
