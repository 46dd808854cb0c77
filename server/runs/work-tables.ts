import type postgres from 'postgres';
import { sql } from '#db/drizzle.ts';
import { roleNames } from '#db/roles.ts';
import { quoteIdent, SESSION_SETTINGS, WORK_TABLES_DDL } from '#server/compiler/index.ts';
import { queryOne, type Tx } from '#server/lib/index.ts';
import { asTenantRole, type TenantData } from '#server/tenancy/index.ts';

/**
 * Runs `fn` as the tenant's role with the compiler's settings and its temp tables for rejects, warnings and events.
 * Rejects and events can be read by the worker's role afterwards, in the same transaction.
 */
export async function withWorkTables<T>(
  tx: Tx,
  data: TenantData,
  limits: { statementTimeoutMs: number },
  fn: (connection: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  const { prefix } = await queryOne<{ prefix: string }>(tx, sql`select role_prefix as prefix from installation`);
  const settings = Object.entries(SESSION_SETTINGS).map(([name, value]) => `SET LOCAL ${name} = '${value}'`);
  return asTenantRole(tx, data, limits, async (connection) => {
    await connection.unsafe(
      `${settings.join('; ')}; ${WORK_TABLES_DDL}; GRANT SELECT ON pg_temp.ms_rejects, pg_temp.ms_events TO ${quoteIdent(roleNames(prefix).worker)}`,
    );
    return fn(connection);
  });
}
