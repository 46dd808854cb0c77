// What no erasure here reaches, as its receipt names it; and the tables of the tenant's own pipelines, which are searched
// for the subject and left as they are: what belongs in them only their pipelines know.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { earlierBlobStores, keepBlobStore, type ReadableBlobStore } from '#server/files/index.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import { asTenantRole, findTenantData, type TenantData } from '#server/tenancy/index.ts';
import { COUNTED_ROWS, SEARCH_ALL_MS, SEARCH_TABLE_MS, SEARCHED_TABLES } from './config.ts';

/** Where copies may have gone. */
export async function listOutside(
  tx: Tx,
  tenantId: string,
  blobs: Pick<ReadableBlobStore, 'place'>,
): Promise<string[]> {
  await keepBlobStore(tx, blobs);
  const stores = await earlierBlobStores(tx, blobs);
  const backends = await query<{ name: string }>(tx, sql`select backend as name from outbox_backends order by 1`);
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
    ...stores.map(
      (place) =>
        `attachments, exports and bundles in an earlier blob store: ${place}; it is not opened any more: delete there what is of the subject, or the whole of it`,
    ),
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
/** Its columns by how they are searched. */
type FoundTable = { schema: string; name: string; texts: string[]; numbers: string[]; nested: string[] };

/** Tables of the tenant's pipelines that have the subject as a whole value, or could not be searched. */
export async function searchPipelineTables(pool: Pool, tenantId: string, customerId: string): Promise<SearchedTable[]> {
  const { data, tables } = await transaction(pool, { tenantId }, async (tx) => {
    const found = await findTenantData(tx, tenantId);
    return { data: found, tables: await listTables(tx, found) };
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

/**
 * Columns of every type that can hold an id: texts, numbers, and whatever has values inside (JSON, arrays, records, and
 * domains over any of them). Dates, times, booleans, bits, bytes, ranges, addresses and shapes cannot.
 */
const listTables = (tx: Tx, { schemaName }: TenantData): Promise<FoundTable[]> =>
  query<FoundTable>(
    tx,
    sql`select n.nspname as schema, c.relname as name,
        coalesce(array_agg(a.attname::text) filter (where k.kind = 'text'), '{}') as texts,
        coalesce(array_agg(a.attname::text) filter (where k.kind = 'number'), '{}') as numbers,
        coalesce(array_agg(a.attname::text) filter (where k.kind = 'nested'), '{}') as nested
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      cross join lateral (select case
        when t.typcategory in ('S', 'E') or t.typname in ('uuid', 'int2', 'int4', 'int8') then 'text'
        when t.typname = 'bytea' or t.typname like 'reg%' or t.typname in ('oid', 'money') then 'none'
        when t.typcategory = 'N' then 'number'
        when t.typcategory in ('A', 'C', 'U') then 'nested' else 'none' end as kind) k
      where n.nspname = ${schemaName} and c.relkind in ('r', 'p', 'm') and not c.relispartition and k.kind <> 'none'
      group by 1, 2 order by 2`,
  );

const ident = (word: string) => `"${word.replaceAll('"', '""')}"`;
/** An id that is a number can stand in JSON as one. */
const NUMBER = /^-?(0|[1-9][0-9]{0,99})$/;

/** Whether a row has the id, $1, as a whole value. */
function isThere({ texts, numbers, nested }: FoundTable, customerId: string): string {
  const number = NUMBER.test(customerId) ? ` || @ == ${customerId}` : '';
  return [
    ...texts.map((column) => `${ident(column)}::text = $1`),
    ...numbers.map((column) => `trim_scale(${ident(column)}::numeric)::text = $1`),
    ...nested.map(
      (column) =>
        `jsonb_path_exists(to_jsonb(${ident(column)}), '$.** ? (@ == $id${number})', jsonb_build_object('id', $1::text))`,
    ),
  ].join(' or ');
}

/** Null when it takes longer than it may, or the table went meanwhile. */
async function countIn(
  pool: Pool,
  tenantId: string,
  data: TenantData,
  table: FoundTable,
  customerId: string,
): Promise<number | null> {
  const statement = `select count(*)::int as rows from (select 1 from ${ident(table.schema)}.${ident(table.name)}
    where ${isThere(table, customerId)} limit ${COUNTED_ROWS + 1}) s`;
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
