// What each kind of node is told.
import { z } from 'zod';
import { ColumnType, Expression, SqlName } from './names.ts';

export const DeclaredColumn = z.strictObject({
  name: SqlName,
  type: ColumnType,
  /** The field's name in the file where it differs from the column's. */
  from: z.string().min(1).max(500).optional(),
});

export const SourceConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('table'),
    table: SqlName,
    /** The row key where the table has no primary key. */
    key: z.array(SqlName).max(16).optional(),
    watermark: SqlName.optional(),
    columns: z.array(SqlName).max(1_600).optional(),
  }),
  z.strictObject({
    type: z.literal('file'),
    format: z.enum(['csv', 'ndjson', 'json', 'parquet']),
    /** A glob below the tenant's inbox, or `s3://bucket/prefix/*.csv`; `{run.due_at:YYYY-MM-DD}` is filled in. */
    path: z.string().min(1).max(1_000),
    columns: z.array(DeclaredColumn).min(1).max(1_600),
    csv: z
      .strictObject({
        delimiter: z.string().length(1).default(','),
        quote: z.string().length(1).default('"'),
        header: z.boolean().default(true),
        nullText: z.string().max(20).default(''),
      })
      .prefault({}),
    order: z.enum(['name', 'mtime']).default('name'),
    maxFiles: z.int().min(1).max(10_000).default(1_000),
  }),
  z.strictObject({
    type: z.literal('stream'),
    connection: z.string().min(1),
    topic: z.string().min(1),
    columns: z.array(DeclaredColumn).min(1),
  }),
  z.strictObject({ type: z.literal('interactions') }),
]);

export const RowRule = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.literal('not_null'), columns: z.array(SqlName).min(1).max(16), onFail: OnFail() }),
  z.strictObject({ rule: z.literal('unique'), columns: z.array(SqlName).min(1).max(16), onFail: OnFail() }),
  z.strictObject({
    rule: z.literal('range'),
    column: SqlName,
    min: z.union([z.number(), z.string()]).optional(),
    max: z.union([z.number(), z.string()]).optional(),
    onFail: OnFail(),
  }),
  z.strictObject({
    rule: z.literal('regex'),
    column: SqlName,
    pattern: z.string().min(1).max(1_000),
    onFail: OnFail(),
  }),
  z.strictObject({
    rule: z.literal('in_set'),
    column: SqlName,
    values: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .min(1)
      .max(1_000),
    onFail: OnFail(),
  }),
  z.strictObject({ rule: z.literal('expression'), expression: Expression, onFail: OnFail() }),
  z.strictObject({
    rule: z.literal('references'),
    columns: z.array(SqlName).min(1).max(16),
    table: SqlName,
    tableColumns: z.array(SqlName).min(1).max(16),
    onFail: OnFail(),
  }),
]);
function OnFail() {
  return z.enum(['quarantine', 'drop', 'warn', 'abort']).default('quarantine');
}
export const DatasetRule = z.strictObject({
  rule: z.literal('rowCount'),
  min: z.int().min(0).optional(),
  max: z.int().min(0).optional(),
  onFail: z.enum(['abort', 'warn']).default('abort'),
});

export const Aggregate = z.strictObject({
  name: SqlName,
  fn: z.enum(['count', 'count_distinct', 'sum', 'avg', 'min', 'max', 'bool_and', 'bool_or', 'string_agg', 'array_agg']),
  /** Absent only with `count`, which then counts rows. */
  expression: Expression.optional(),
  separator: z.string().max(10).optional(),
});

export const TargetConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('table'),
    table: SqlName,
    mode: z.enum(['append', 'truncate', 'upsert', 'blue_green', 'incremental_watermark', 'mirror']),
    /** The conflict key of upsert and mirror. */
    key: z.array(SqlName).max(16).optional(),
    watermark: SqlName.optional(),
    /** truncate, blue_green and mirror refuse an empty input unless this is set. */
    allowEmpty: z.boolean().default(false),
    /** Adds `_lineage jsonb` (run, pipeline, source node, source row key) to each row. */
    lineage: z.boolean().default(false),
  }),
  z.strictObject({
    type: z.literal('file'),
    format: z.enum(['csv', 'ndjson']),
    path: z.string().min(1).max(1_000),
    partitionBy: z.array(SqlName).max(5).default([]),
  }),
  z.strictObject({
    type: z.literal('outbox'),
    eventType: z.string().min(1).max(200),
    key: Expression,
    payload: z.array(SqlName).max(1_600).optional(),
  }),
]);

export type DeclaredColumn = z.infer<typeof DeclaredColumn>;
export type RowRule = z.infer<typeof RowRule>;
export type DatasetRule = z.infer<typeof DatasetRule>;
