import type { Catalogue, CatalogueTable } from '#server/compiler/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { asTenantRole, type TenantData } from '#server/tenancy/index.ts';
import { isStagingTable } from './staging-name.ts';

const TIMEOUT_MS = 10_000;

type ColumnRow = {
  table: string;
  name: string;
  type: string;
  notNull: boolean;
  hasDefault: boolean;
  generated: boolean;
};
type KeyRow = { table: string; isPrimary: boolean; columns: string[] };

/** The tables of the tenant's own schema as they are now, read as the tenant's role. */
export async function readCatalogue(tx: Tx, data: TenantData): Promise<Catalogue> {
  return asTenantRole(tx, data, { statementTimeoutMs: TIMEOUT_MS }, async (connection) => {
    const columns = await connection.unsafe<ColumnRow[]>(COLUMNS, [data.schemaName], { prepare: true });
    const keys = await connection.unsafe<KeyRow[]>(KEYS, [data.schemaName], { prepare: true });
    const tables = new Map<string, CatalogueTable>();
    for (const { table, ...column } of columns) {
      if (isStagingTable(table)) continue;
      const known = tables.get(table) ?? { columns: [], primaryKey: [], uniqueKeys: [] };
      known.columns.push(column);
      tables.set(table, known);
    }
    for (const { table, isPrimary, columns: key } of keys) {
      const known = tables.get(table);
      if (isPrimary && known) known.primaryKey = key;
      known?.uniqueKeys.push(key);
    }
    return { schema: data.schemaName, tables };
  });
}

// Ordinary and partitioned tables, views and materialised views can be read; what can be written is the
// compiler's question.
const COLUMNS = `
  SELECT c.relname AS "table", a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull AS "notNull", a.atthasdef OR a.attidentity <> '' AS "hasDefault",
    a.attgenerated <> '' OR a.attidentity = 'a' AS generated
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  ORDER BY c.relname, a.attnum`;

// Unique indexes that ON CONFLICT can use. The primary key is one of them.
const KEYS = `
  SELECT c.relname AS "table", i.indisprimary AS "isPrimary",
    (SELECT json_agg(a.attname ORDER BY k.ordinality)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, ordinality)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
      WHERE k.ordinality <= i.indnkeyatts) AS columns
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL
  ORDER BY c.relname, i.indisprimary DESC, i.indexrelid`;
