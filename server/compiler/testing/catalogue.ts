// Real answers of a real PostgreSQL for the compiler's two arguments, as tests need them.
import type { Pool } from '#db/client.ts';
import type { Catalogue, CatalogueColumn, Describe } from '../catalogue.ts';

type ColumnRow = CatalogueColumn & { table: string };
type IndexRow = { table: string; isPrimary: boolean; columns: string[] };

/** The tables of one schema, as the compiler wants them. */
export async function loadCatalogue(pool: Pool, schema: string): Promise<Catalogue> {
  const columns = await pool<ColumnRow[]>`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull",
      a.atthasdef or a.attidentity <> '' as "hasDefault", a.attgenerated <> '' or a.attidentity = 'a' as generated
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = ${schema}::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum`;
  const indexes = await pool<IndexRow[]>`
    select c.relname as table, i.indisprimary as "isPrimary",
      array(select a.attname::text from unnest(i.indkey) with ordinality as k(n, o)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.n order by k.o) as columns
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = ${schema}::regnamespace and i.indisunique and i.indpred is null and i.indexprs is null`;
  const tables: Catalogue['tables'] = new Map();
  for (const { table, ...column } of columns) {
    const entry = tables.get(table) ?? { columns: [], primaryKey: [], uniqueKeys: [] };
    tables.set(table, entry);
    entry.columns.push(column);
  }
  for (const { table, isPrimary, columns: key } of indexes) {
    const entry = tables.get(table);
    if (isPrimary && entry) entry.primaryKey = key;
    else entry?.uniqueKeys.push(key);
  }
  return { schema, tables };
}

/** Parse and Describe on a connection of the pool; nothing is executed. */
export function describeOn(pool: Pool): Describe {
  const typeNames = new Map<number, string>();
  return async (sql) => {
    try {
      const { columns } = await pool.unsafe(sql).describe();
      const described = [];
      for (const { name, type } of columns ?? []) {
        const [row] = typeNames.has(type)
          ? []
          : await pool<{ name: string }[]>`select format_type(${type}, -1) as name`;
        if (row) typeNames.set(type, row.name);
        described.push({ name, type: typeNames.get(type) ?? 'text' });
      }
      return { ok: true, columns: described };
    } catch (error) {
      const { code, message, position } = error as { code?: string; message: string; position?: string };
      if (code === undefined) throw error;
      return { ok: false, code, message, position: position === undefined ? undefined : Number(position) };
    }
  };
}
