// What no erasure here reaches, as its receipt names it; and the tables of the tenant's own pipelines, which are searched
// for the subject and left as they are: what belongs in them only their pipelines know.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import { asTenantRole, findTenantData, type TenantData } from '#server/tenancy/index.ts';
import { COUNTED_ROWS, SEARCH_ALL_MS, SEARCH_TABLE_MS, SEARCHED_TABLES } from './config.ts';

/** Where copies may have gone. */
export async function listOutside(tx: Tx, tenantId: string): Promise<string[]> {
  const backends = await query<{ name: string }>(
    tx,
    sql`select distinct backend as name from outbox_publishers order by 1`,
  );
  const siems = await query<{ name: string }>(
    tx,
    sql`select distinct backend as name from siem_destinations order by 1`,
  );
  const connections = await query<{ name: string; kind: string }>(
    tx,
    sql`select name, kind from connections where tenant_id = ${tenantId} order by name`,
  );
  return [
    ...backends.map(({ name }) => `published events: ${name}`),
    ...siems.map(({ name }) => `the audit log as shipped: ${name}`),
    ...connections.map(({ name, kind }) => `connection ${name} (${kind})`),
    'exported files that somebody has fetched',
    'files in the tenant’s inbox and its archive',
    'process logs and backups of the database',
    'files that a process left unfinished which died less than an hour before: the next cleanup deletes them',
  ];
}

/** `rows`: how many name the subject as a whole value, COUNTED_ROWS + 1 for more; null: not searched in time. */
export type SearchedTable = { table: string; rows: number | null };
type TextTable = { schema: string; name: string; texts: string[]; jsons: string[] };

/** Tables of the tenant's pipelines that have the subject as a whole value, or could not be searched. */
export async function searchPipelineTables(pool: Pool, tenantId: string, customerId: string): Promise<SearchedTable[]> {
  const { data, tables } = await transaction(pool, { tenantId }, async (tx) => {
    const found = await findTenantData(tx, tenantId);
    return { data: found, tables: await listTextTables(tx, found) };
  });
  const endAt = performance.now() + SEARCH_ALL_MS;
  const searched: SearchedTable[] = [];
  for (const [place, one] of tables.entries()) {
    const isSearched = place < SEARCHED_TABLES && performance.now() < endAt;
    const rows = isSearched ? await countIn(pool, tenantId, data, one, customerId) : null;
    if (rows !== 0) searched.push({ table: one.name, rows });
  }
  return searched;
}

const listTextTables = (tx: Tx, { schemaName }: TenantData): Promise<TextTable[]> =>
  query<TextTable>(
    tx,
    sql`select n.nspname as schema, c.relname as name,
        coalesce(array_agg(a.attname::text) filter (where t.typname in ('text', 'varchar', 'bpchar', 'uuid', 'int4', 'int8')), '{}') as texts,
        coalesce(array_agg(a.attname::text) filter (where t.typname in ('jsonb', 'json')), '{}') as jsons
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid and t.typname in ('text', 'varchar', 'bpchar', 'uuid', 'int4', 'int8', 'jsonb', 'json')
      where n.nspname = ${schemaName} and c.relkind in ('r', 'p') and not c.relispartition
      group by 1, 2 order by 2`,
  );

/** Null when it takes longer than it may, or the table went meanwhile. */
async function countIn(
  pool: Pool,
  tenantId: string,
  data: TenantData,
  { schema, name, texts, jsons }: TextTable,
  customerId: string,
): Promise<number | null> {
  const ident = (word: string) => `"${word.replaceAll('"', '""')}"`;
  const isThere = [
    ...texts.map((column) => `${ident(column)}::text = $1`),
    ...jsons.map(
      (column) => `jsonb_path_exists(${ident(column)}::jsonb, '$.** ? (@ == $id)', jsonb_build_object('id', $1::text))`,
    ),
  ].join(' or ');
  const statement = `select count(*)::int as rows from (select 1 from ${ident(schema)}.${ident(name)}
    where ${isThere} limit ${COUNTED_ROWS + 1}) s`;
  try {
    return await transaction(pool, { tenantId }, (tx) =>
      asTenantRole(tx, data, { statementTimeoutMs: SEARCH_TABLE_MS }, async (connection) => {
        const [row] = await connection.unsafe<{ rows: number }[]>(statement, [customerId]);
        return row?.rows ?? 0;
      }),
    );
  } catch {
    return null;
  }
}
