import type { ColumnType } from '#server/ir/index.ts';

/** A column with its type as PostgreSQL's format_type() writes it, e.g. `integer` or `numeric(10,2)`. */
export type Column = { name: string; type: string };

/** `generated` also covers identity columns that are GENERATED ALWAYS: nothing may be written to them. */
export type CatalogueColumn = Column & { notNull: boolean; hasDefault: boolean; generated: boolean };

export type CatalogueTable = {
  columns: CatalogueColumn[];
  primaryKey: string[];
  /** Unique indexes that ON CONFLICT can use: not partial, not on an expression, not deferrable. */
  uniqueKeys: string[][];
};

/** The tables of the tenant's own schema, and nothing else. */
export type Catalogue = { schema: string; tables: Map<string, CatalogueTable> };

/**
 * Parse and Describe by PostgreSQL itself, without executing anything. `position` is as PostgreSQL reports it: one-based,
 * in characters (code points) of `sql`.
 */
export type Describe = (
  sql: string,
) => Promise<
  { ok: true; columns: Column[] } | { ok: false; code: string; message: string; position?: number | undefined }
>;

const FORMATTED: Partial<Record<ColumnType, string>> = {
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

/** The format_type() name of a declared type. */
export function formattedType(type: ColumnType): string {
  return FORMATTED[type] ?? type;
}
