// Names, expressions and zones: the words that every part of a document is made of.
import { z } from 'zod';

/** Node ids and parameter names: they become part of staging table names and expression scopes. */
export const Identifier = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'use 1 to 40 of a-z, 0-9 and _, beginning with a letter');

/** No table can have a column of its own called so. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);

/** A column or table name. Any PostgreSQL identifier up to 63 bytes is allowed; it is always quoted. */
export const SqlName = z
  .string()
  .min(1)
  .refine((name) => Buffer.byteLength(name, 'utf8') <= 63, 'PostgreSQL names have at most 63 bytes')
  .refine((name) => !name.includes('\u0000'), 'names cannot contain a zero byte')
  .refine((name) => !name.startsWith('_ms_'), 'names that begin with _ms_ are reserved')
  .refine((name) => !SYSTEM_COLUMNS.has(name), 'is the name of a system column of PostgreSQL');

/** A scalar SQL expression. What it may contain is decided by the expression checker, not here. */
export const Expression = z.string().min(1).max(8_000);

/** An IANA zone name that this machine's ICU knows. */
export const TimeZone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return !/^[+-]/.test(zone);
  } catch {
    return false;
  }
}, 'is not a known IANA time zone');

/** Types a declared or cast column may have: exactly those that pg_input_is_valid can guard cheaply. */
export const ColumnType = z.enum([
  'text',
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double precision',
  'boolean',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
  'jsonb',
]);

export type ColumnType = z.infer<typeof ColumnType>;
