// How a subject is known where its id may not stand: in the audit log, in receipts, and in data requests
// once it is erased.
import { createHmac, randomBytes } from 'node:crypto';
import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';

/** HMAC-SHA-256 of the customer's id under the tenant's key, in hex; the key is made when it is first asked for. */
export async function hashSubject(tx: Tx, tenantId: string, customerId: string): Promise<string> {
  const key = (await readKey(tx, tenantId)) ?? (await makeKey(tx, tenantId));
  return createHmac('sha256', Buffer.from(key, 'hex')).update(customerId, 'utf8').digest('hex');
}

async function readKey(tx: Tx, tenantId: string): Promise<string | null> {
  const [row] = await query<{ key: string }>(
    tx,
    sql`select encode(subject_key, 'hex') as key from dsar_settings where tenant_id = ${tenantId}`,
  );
  return row?.key ?? null;
}

async function makeKey(tx: Tx, tenantId: string): Promise<string> {
  await tx.execute(sql`insert into dsar_settings (tenant_id, subject_key)
    values (${tenantId}, decode(${randomBytes(32).toString('hex')}, 'hex')) on conflict do nothing`);
  // Another request may have been first; its key counts.
  const key = await readKey(tx, tenantId);
  if (key === null) throw new Error('the key of the tenant’s subjects could not be made');
  return key;
}
