// Rotation of the data key. Readers and writers go on all the time: a row names the key that sealed it, a retired key
// opens what it sealed, and it is removed only when no row names it (a foreign key holds that).
import { type SQL, sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { activeKey, isActiveKeyCurrent, replaceActiveKey, unwrap } from './data-keys.ts';
import type { MasterKeys } from './master-key.ts';
import { openSecrets, type SealedKind, sealSecrets } from './secrets.ts';
import { services } from './services.ts';

/** The tables with sealed rows. Each has tenant_id, id, secrets and key_id. */
const SEALED: readonly { table: SQL; of: SealedKind }[] = [
  { table: sql`connections`, of: 'connection' },
  { table: sql`webhook_addresses`, of: 'webhook-address' },
];

const BATCH_ROWS = 100;
/** One call ends after this long; the next goes on. */
const DEADLINE_MS = 20_000;

export type Rotation = { keyId: string; isNew: boolean; resealed: number; remaining: number };

/**
 * Makes a new key and seals every tenant's secrets with it, a batch a transaction. A rotation that was cut short is
 * finished first instead.
 */
export async function rotateKeys(ctx: Ctx, options: { deadlineMs?: number } = {}): Promise<Rotation> {
  const { masters } = services();
  const endsAt = performance.now() + (options.deadlineMs ?? DEADLINE_MS);
  const tenants = await listTenants(ctx);
  const hasRetired = (await countRetired(ctx, tenants)) > 0;
  let isUnfinished = false;
  const keyId = await transaction(ctx.pool, { tenantId: ctx.tenant.id }, async (tx) => {
    // A key that an older master wraps is replaced even then: its operator is about to take that master away.
    isUnfinished = hasRetired && (await isActiveKeyCurrent(tx, masters));
    const id = isUnfinished ? (await activeKey(tx, masters)).id : await replaceActiveKey(tx, masters);
    await recordAudit(tx, ctx, {
      ...{ action: 'secrets.rotate', targetKind: 'encryption_key', targetId: id },
      details: { isNew: !isUnfinished },
    });
    return id;
  });
  let resealed = 0;
  for (const tenantId of tenants)
    for (const sealed of SEALED)
      for (let count = BATCH_ROWS; count === BATCH_ROWS && performance.now() < endsAt; resealed += count)
        count = await transaction(ctx.pool, { tenantId }, (tx) => resealBatch(tx, masters, tenantId, sealed));
  const remaining = await countRetired(ctx, tenants);
  if (remaining === 0) await removeRetired(ctx);
  return { keyId, isNew: !isUnfinished, resealed, remaining };
}

const listTenants = (ctx: Ctx) =>
  transaction(ctx.pool, {}, async (tx) =>
    (await query<{ id: string }>(tx, sql`select tenant_id as id from instance_tenants() order by 1`)).map(
      ({ id }) => id,
    ),
  );

type SealedRow = { id: string; secrets: Buffer; keyId: string; wrapped: Buffer; wrappedBy: string };

/**
 * Whoever changes a row meanwhile seals it with the active key: such a row is passed over, not waited for. So no row
 * is read anew after a wait, with a key that is not its own.
 */
async function resealBatch(
  tx: Tx,
  masters: MasterKeys,
  tenantId: string,
  { table, of }: (typeof SEALED)[number],
): Promise<number> {
  const key = await activeKey(tx, masters);
  const rows = await query<SealedRow>(
    tx,
    sql`select c.id, c.secrets, c.key_id as "keyId", k.wrapped, k.wrapped_by as "wrappedBy"
      from ${table} c join encryption_keys k on k.id = c.key_id
      where c.tenant_id = ${tenantId} and c.key_id <> ${key.id}
      order by c.id limit ${BATCH_ROWS} for update of c skip locked`,
  );
  for (const row of rows) {
    const old = unwrap(masters, { id: row.keyId, wrapped: row.wrapped, wrappedBy: row.wrappedBy });
    const where = { of, tenantId, id: row.id };
    const sealed = sealSecrets(key, where, openSecrets(old, where, row.secrets));
    await tx.execute(sql`update ${table} set secrets = decode(${sealed.toString('hex')}, 'hex'), key_id = ${key.id}
      where tenant_id = ${tenantId} and id = ${row.id}`);
  }
  return rows.length;
}

/** How many rows of all tenants a retired key still seals. */
async function countRetired(ctx: Ctx, tenants: readonly string[]): Promise<number> {
  let retired = 0;
  for (const tenantId of tenants)
    retired += await transaction(ctx.pool, { tenantId }, async (tx) => {
      const counts = SEALED.map(
        ({ table }) => sql`(select count(*)::int from ${table} c join encryption_keys k on k.id = c.key_id
          where c.tenant_id = ${tenantId} and not k.is_active)`,
      );
      const { count } = await queryOne<{ count: number }>(tx, sql`select ${sql.join(counts, sql` + `)} as count`);
      return count;
    });
  return retired;
}

const FOREIGN_KEY_VIOLATION = '23503';

/** A row that was sealed with one of them after it was counted keeps them all until the next rotation. */
async function removeRetired(ctx: Ctx): Promise<void> {
  await transaction(ctx.pool, {}, (tx) => tx.execute(sql`delete from encryption_keys where not is_active`)).catch(
    (error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      if (!(cause instanceof Error && 'code' in cause && cause.code === FOREIGN_KEY_VIOLATION)) throw error;
    },
  );
}
