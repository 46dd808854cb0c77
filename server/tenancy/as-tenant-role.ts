// The second wall around compiled SQL (the first is the expression allow-list): inside `fn` the transaction
// is the tenant's own role, which owns its schema and nothing else. SET ROLE ignores ALTER ROLE … SET, so
// the limits are set here.

import type postgres from 'postgres';
import { sql } from '#db/drizzle.ts';
import { connectionOf, queryOne, type Tx } from '#server/lib/index.ts';

export type TenantData = { schemaName: string; roleName: string };

/** @throws when the tenant is gone. The transaction must have been opened for this tenant. */
export async function findTenantData(tx: Tx, tenantId: string): Promise<TenantData> {
  return queryOne<TenantData>(
    tx,
    sql`select schema_name as "schemaName", role_name as "roleName" from tenants where id = ${tenantId}`,
  );
}

const ident = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Runs `fn` as the tenant's role with an empty search path; afterwards the transaction is itself again. */
export async function asTenantRole<T>(
  tx: Tx,
  data: TenantData,
  limits: { statementTimeoutMs: number },
  fn: (connection: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  const connection = connectionOf(tx);
  await connection.unsafe(
    `SET LOCAL ROLE ${ident(data.roleName)}; SET LOCAL search_path = ''; ` +
      `SET LOCAL statement_timeout = ${Math.max(1, Math.floor(limits.statementTimeoutMs))}`,
  );
  const result = await fn(connection);
  // After an error the whole transaction is rolled back, and SET LOCAL with it.
  await connection.unsafe('RESET ROLE; SET LOCAL search_path = public');
  return result;
}
