import { sql } from '#db/drizzle.ts';
import { isUuid, query, ServiceError, type Tx } from '#server/lib/index.ts';
import { type DataKey, unwrap } from './data-keys.ts';
import type { ConnectionKind } from './kinds.ts';
import type { MasterKeys } from './master-key.ts';
import { openSecrets, type Secrets } from './secrets.ts';

export type ConnectionRow = {
  id: string;
  name: string;
  kind: ConnectionKind;
  description: string;
  config: Record<string, unknown>;
  secretNames: string[];
  secrets: Buffer | null;
  keyId: string | null;
  wrapped: Buffer | null;
  wrappedBy: string | null;
  /** ISO 8601 in UTC, to the millisecond. */
  updatedAt: string;
  updatedBy: string;
};

/**
 * Row and key in one statement: whatever a rotation does meanwhile, the key is the one that sealed the row. To lock the
 * row is a statement of its own before: one that waits for a lock reads the row anew afterwards, but not what is joined.
 * @throws ServiceError CONNECTION_NOT_FOUND
 */
export async function findRow(
  tx: Tx,
  tenantId: string,
  ref: string,
  options: { lock?: boolean } = {},
): Promise<ConnectionRow> {
  const isRef = isUuid(ref) ? sql`c.id = ${ref}` : sql`c.name = ${ref}`;
  if (options.lock)
    await tx.execute(sql`select from connections c where c.tenant_id = ${tenantId} and ${isRef} for update`);
  const [row] = await query<ConnectionRow>(
    tx,
    sql`select c.id, c.name, c.kind, c.description, c.config, c.secret_names as "secretNames", c.secrets, c.key_id as "keyId",
        k.wrapped, k.wrapped_by as "wrappedBy", c.updated_by as "updatedBy",
        to_char(c.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"
      from connections c left join encryption_keys k on k.id = c.key_id
      where c.tenant_id = ${tenantId} and ${isRef}`,
  );
  if (!row) throw new ServiceError('CONNECTION_NOT_FOUND', `there is no connection "${ref.slice(0, 100)}"`);
  return row;
}

/** The row's secrets in the clear; empty when it has none. */
export function secretsOf(masters: MasterKeys, tenantId: string, row: ConnectionRow): Secrets {
  if (row.secrets === null) return {};
  return openSecrets(keyOf(masters, row), { of: 'connection', tenantId, id: row.id }, row.secrets);
}

function keyOf(masters: MasterKeys, { keyId, wrapped, wrappedBy }: ConnectionRow): DataKey {
  if (keyId === null || wrapped === null || wrappedBy === null) throw new Error('a sealed row without its key');
  return unwrap(masters, { id: keyId, wrapped, wrappedBy });
}
