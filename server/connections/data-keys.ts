// Data keys: rows of the database that the master key wraps. One is active; every secret names the one that sealed it.
// So a rotation needs no restart: whoever meets a key it has not seen reads it from the same statement as the row.
import { sql } from '#db/drizzle.ts';
import { newId, query, ServiceError, type Tx } from '#server/lib/index.ts';
import { type MasterKeys, newDataKey, seal, unseal } from './master-key.ts';

export type DataKey = { id: string; key: Buffer };
type KeyRow = { id: string; wrapped: Buffer; wrappedBy: string };

/** "mskr". */
const ROTATION_LOCK = 0x6d736b72;

const aboutKey = (id: string) => `mainspring.data-key.v1 ${id}`;

/** @throws ServiceError SECRETS_UNAVAILABLE when no master key of this process wraps it */
export function unwrap(masters: MasterKeys, row: KeyRow): DataKey {
  const master = masters.find((one) => one.id === row.wrappedBy);
  if (!master)
    throw new ServiceError(
      'SECRETS_UNAVAILABLE',
      `data key ${row.id} is wrapped by another ENCRYPTION_KEY (${row.wrappedBy}); set it as ENCRYPTION_KEY_OLD`,
    );
  return { id: row.id, key: unseal(master.key, row.wrapped, aboutKey(row.id)) };
}

/**
 * The key that seals now, made when there is none. It stays the active one until the transaction ends: a rotation
 * waits, so nothing is sealed with a key that was retired meanwhile.
 */
export async function activeKey(tx: Tx, masters: MasterKeys): Promise<DataKey> {
  const found = await findActive(tx);
  if (found) return unwrap(masters, found);
  await insertKey(tx, masters);
  const made = await findActive(tx);
  if (!made) throw new Error('there is no active data key although one was just made');
  return unwrap(masters, made);
}

async function findActive(tx: Tx): Promise<KeyRow | undefined> {
  const [row] = await query<KeyRow>(
    tx,
    sql`select id, wrapped, wrapped_by as "wrappedBy" from encryption_keys where is_active for share`,
  );
  return row;
}

/** Whether the active key is wrapped by the first master key, so that the others may be given up. */
export async function isActiveKeyCurrent(tx: Tx, masters: MasterKeys): Promise<boolean> {
  return (await findActive(tx))?.wrappedBy === masters[0].id;
}

/** Two at once: the second waits for the first and makes none. */
async function insertKey(tx: Tx, masters: MasterKeys): Promise<string> {
  const id = newId();
  const [master] = masters;
  const wrapped = seal(master.key, newDataKey(), aboutKey(id));
  await tx.execute(sql`insert into encryption_keys (id, wrapped, wrapped_by, is_active)
    values (${id}, decode(${wrapped.toString('hex')}, 'hex'), ${master.id}, true) on conflict (is_active) where is_active do nothing`);
  return id;
}

/** Makes a new active key; the one before is retired and still opens what it sealed. Waits for those who seal. */
export async function replaceActiveKey(tx: Tx, masters: MasterKeys): Promise<string> {
  // One at a time: the second would otherwise retire nothing and make nothing, and name a key that is not there.
  await tx.execute(sql`select pg_advisory_xact_lock(${ROTATION_LOCK})`);
  await tx.execute(sql`update encryption_keys set is_active = false, retired_at = now() where is_active`);
  return insertKey(tx, masters);
}
