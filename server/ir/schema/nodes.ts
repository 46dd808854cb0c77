// The nodes of a document.
import { z } from 'zod';
import { ColumnType, Expression, Identifier, SqlName } from './names.ts';
import { Aggregate, DatasetRule, RowRule, SourceConfig, TargetConfig } from './node-configs.ts';

const base = { id: Identifier, name: z.string().max(200).optional(), inputs: z.array(Identifier).max(20).default([]) };
const node = <K extends string, C extends z.ZodType>(kind: K, config: C) =>
  z.strictObject({ ...base, kind: z.literal(kind), config });

const sortKey = z.strictObject({ expression: Expression, direction: z.enum(['asc', 'desc']).default('asc') });

export const Node = z.discriminatedUnion('kind', [
  node('source', SourceConfig),
  node('filter', z.strictObject({ where: Expression })),
  node(
    'derive',
    z.strictObject({
      columns: z
        .array(z.strictObject({ name: SqlName, expression: Expression }))
        .min(1)
        .max(500),
    }),
  ),
  node(
    'select',
    z.strictObject({
      /** In order: each input column to keep, its new name, and a cast whose bad values are parked in the DLQ. */
      columns: z
        .array(z.strictObject({ name: SqlName, as: SqlName.optional(), cast: ColumnType.optional() }))
        .min(1)
        .max(1_600),
    }),
  ),
  node(
    'dedupe',
    z.strictObject({ key: z.array(SqlName).min(1).max(16), orderBy: z.array(sortKey).max(8).default([]) }),
  ),
  node(
    'aggregate',
    z.strictObject({ groupBy: z.array(SqlName).max(32).default([]), aggregates: z.array(Aggregate).min(1).max(200) }),
  ),
  node(
    'join',
    z.strictObject({
      /** The first input is the left side, the second the right. */
      type: z.enum(['inner', 'left', 'right', 'full']).default('inner'),
      on: z
        .array(z.strictObject({ left: SqlName, right: SqlName }))
        .min(1)
        .max(16),
      /** Columns taken from the right side (all but its join keys when absent), each with an optional new name. */
      right: z
        .array(z.strictObject({ name: SqlName, as: SqlName.optional() }))
        .max(1_600)
        .optional(),
    }),
  ),
  node('union', z.strictObject({ distinct: z.boolean().default(false) })),
  node(
    'lookup',
    z.strictObject({
      table: SqlName,
      on: z
        .array(z.strictObject({ left: SqlName, right: SqlName }))
        .min(1)
        .max(16),
      columns: z
        .array(z.strictObject({ name: SqlName, as: SqlName.optional() }))
        .min(1)
        .max(200),
    }),
  ),
  node('unnest', z.strictObject({ column: SqlName, as: SqlName })),
  node(
    'sort',
    z.strictObject({ by: z.array(sortKey).min(1).max(8), limit: z.int().min(1).max(100_000_000).optional() }),
  ),
  node(
    'branch',
    z.strictObject({
      conditions: z
        .array(z.strictObject({ to: Identifier, when: Expression }))
        .min(1)
        .max(20),
    }),
  ),
  node(
    'validate',
    z.strictObject({ rules: z.array(RowRule).max(200).default([]), dataset: z.array(DatasetRule).max(20).default([]) }),
  ),
  node('target', TargetConfig),
]);

export type PipelineNode = z.infer<typeof Node>;
export type NodeKind = PipelineNode['kind'];
export type NodeOf<K extends NodeKind> = Extract<PipelineNode, { kind: K }>;
