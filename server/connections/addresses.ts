// Addresses of webhooks that belong to no connection, those of alert rules and reports: sealed as connections' secrets
// are, each in a row of its own, which a rotation seals anew.
import { sql } from '#db/drizzle.ts';
import { newId, query, type Tx } from '#server/lib/index.ts';
import { activeKey, unwrap } from './data-keys.ts';
import { openSecrets, sealSecrets } from './secrets.ts';
import { services } from './services.ts';

/**
 * Keeps an address, sealed.
 * @returns the id to find it by
 * @throws ServiceError SECRETS_UNAVAILABLE
 */
export async function sealAddress(tx: Tx, tenantId: string, url: string): Promise<string> {
  const key = await activeKey(tx, services().masters);
  const id = newId();
  const sealed = sealSecrets(key, { of: 'webhook-address', tenantId, id }, { url });
  await tx.execute(sql`insert into webhook_addresses (tenant_id, id, secrets, key_id)
    values (${tenantId}, ${id}, decode(${sealed.toString('hex')}, 'hex'), ${key.id})`);
  return id;
}

type Row = { id: string; secrets: Buffer; keyId: string; wrapped: Buffer; wrappedBy: string };

/**
 * Reads sealed addresses. What is returned opens one of them in the clear, never to be logged or answered; it throws
 * ServiceError SECRETS_UNAVAILABLE, or Error for an address that is not there or was sealed as another's. So one that
 * cannot be opened leaves the others.
 */
export async function readAddresses(tx: Tx, tenantId: string, ids: readonly string[]): Promise<(id: string) => string> {
  // Row and key in one statement, as in findRow.
  const rows =
    ids.length === 0
      ? []
      : await query<Row>(
          tx,
          sql`select a.id, a.secrets, a.key_id as "keyId", k.wrapped, k.wrapped_by as "wrappedBy"
            from webhook_addresses a join encryption_keys k on k.id = a.key_id
            where a.tenant_id = ${tenantId}
              and a.id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid)`,
        );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return (id) => {
    const row = byId.get(id);
    if (!row) throw new Error(`the address ${id} of a webhook is not there`);
    const key = unwrap(services().masters, { id: row.keyId, wrapped: row.wrapped, wrappedBy: row.wrappedBy });
    const { url } = openSecrets(key, { of: 'webhook-address', tenantId, id }, row.secrets);
    if (url === undefined) throw new Error(`the address ${id} of a webhook was sealed without its URL`);
    return url;
  };
}
