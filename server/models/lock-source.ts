import { sql } from '#db/drizzle.ts';
import { quoteIdent, quoteQualified } from '#server/compiler/index.ts';
import { query, type Tx } from '#server/lib/index.ts';
import type { TenantData } from '#server/tenancy/index.ts';
import { TABLE_WAIT_MS } from './limits.ts';

/** Tables, partitioned ones, and views, with which PostgreSQL locks the tables that they name. */
const LOCKABLE = ['r', 'p', 'v'];

/**
 * Statements that lock the table against a TRUNCATE, as the tenant's role. A snapshot that is older than a TRUNCATE's
 * commit sees an empty table, so they are sent before it is taken. Only a time-out where the relation cannot be locked:
 * a materialised view, whose refresh shows its new rows to older snapshots too, or one that is not there.
 */
export async function lockSource(tx: Tx, { schemaName, roleName }: TenantData, table: string): Promise<string> {
  const found = await query<{ relkind: string }>(
    tx,
    sql`select c.relkind from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schemaName} and c.relname = ${table}`,
  );
  const wait = `SET LOCAL lock_timeout = ${TABLE_WAIT_MS}`;
  if (!LOCKABLE.includes(found[0]?.relkind ?? '')) return wait;
  const name = quoteQualified(schemaName, table);
  return `${wait}; SET LOCAL ROLE ${quoteIdent(roleName)}; LOCK TABLE ${name} IN ACCESS SHARE MODE; RESET ROLE`;
}
