// The pipeline document (the IR) as zod schemas: the one description of its shape. Everything the later
// engine and scheduler need (policies, parameters, trigger, dlq, notify) is here from the first version, so
// that saved documents never change shape. Which parts the compiler can already run is its own business:
// it refuses the rest with a problem that names the node.
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

// --- schedule, policies, trigger ------------------------------------------------------------------------

export const CronSchedule = z.strictObject({
  kind: z.literal('cron'),
  expression: z.string().min(1).max(200),
  timezone: TimeZone.default('UTC'),
});
export const IntervalSchedule = z.strictObject({
  kind: z.literal('interval'),
  minutes: z.int().min(1).max(1440),
  /** Offset of the grid from the Unix epoch, in minutes. */
  phaseMinutes: z.int().min(0).max(1439).default(0),
});
export const RruleSchedule = z.strictObject({
  kind: z.literal('rrule'),
  /** RFC 5545 lines: `DTSTART:20260101T090000` (floating local time) and `RRULE:…`. */
  rrule: z.string().min(1).max(2_000),
  timezone: TimeZone.default('UTC'),
});
export const Schedule = z.discriminatedUnion('kind', [CronSchedule, IntervalSchedule, RruleSchedule]);

export const Policies = z.strictObject({
  overlap: z.enum(['skip', 'buffer_one', 'buffer_all', 'cancel_other', 'allow_all']).default('skip'),
  catchUp: z.enum(['last', 'none', 'all']).default('last'),
  /** How far back a missed instant is still made up for; older ones are `missed_window`. */
  catchUpWindowMinutes: z.int().min(1).max(527_040).default(10_080),
  /** With catchUp `all`: at most this many runs in one pass, the rest are `capped`. */
  catchUpCap: z.int().min(1).max(1_000).default(100),
  onPause: z.enum(['drop', 'queue']).default('drop'),
  dst: z
    .strictObject({
      gap: z.enum(['shift', 'skip']).default('shift'),
      /** `auto`: the first of the two instants for fixed hours, both for hourly or finer rules. */
      fold: z.enum(['auto', 'first', 'both']).default('auto'),
    })
    .prefault({}),
  jitterSeconds: z.int().min(0).max(3_600).default(0),
  /** Runs of this pipeline at once, where the overlap policy lets more than one exist. */
  maxConcurrentRuns: z.int().min(1).max(100).default(1),
});

export const Deadline = z.strictObject({
  time: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'use HH:MM')
    .optional(),
  windowMinutes: z.int().min(1).max(10_080).optional(),
  timezone: TimeZone.default('UTC'),
  onMiss: z.enum(['alert', 'fail', 'run_anyway']).default('alert'),
});
export const Trigger = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('upstream'), pipelines: z.array(z.string().min(1)).min(1).max(20) }),
  z.strictObject({
    kind: z.literal('file_arrival'),
    path: z.string().min(1).max(1_000),
    stableSeconds: z.int().min(0).max(3_600).default(10),
    deadline: Deadline.optional(),
  }),
]);

/** Run parameters by name, each with its SQL type and default; expressions see them as `params.<name>`. */
export const Parameter = z.strictObject({
  type: z.enum(['text', 'integer', 'bigint', 'numeric', 'boolean', 'date', 'timestamptz']),
  default: z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]).default(null),
  description: z.string().max(500).optional(),
});

// --- nodes ----------------------------------------------------------------------------------------------

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
export const DeclaredColumn = z.strictObject({
  name: SqlName,
  type: ColumnType,
  /** The field's name in the file where it differs from the column's. */
  from: z.string().min(1).max(500).optional(),
});

const base = { id: Identifier, name: z.string().max(200).optional(), inputs: z.array(Identifier).max(20).default([]) };
const node = <K extends string, C extends z.ZodType>(kind: K, config: C) =>
  z.strictObject({ ...base, kind: z.literal(kind), config });

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

// --- the document ---------------------------------------------------------------------------------------

const label = z.record(
  z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/, 'is not a label key'),
  z.string().max(200),
);

export const Notify = z.strictObject({
  onFailure: z.array(z.string().min(1)).max(20).default([]),
  onMissedDeadline: z.array(z.string().min(1)).max(20).default([]),
  onRecovery: z.array(z.string().min(1)).max(20).default([]),
});

export const ErrorHandling = z.strictObject({
  dlq: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** More than this part of a run's rows quarantined: the run fails and the DLQ is left as it was. */
      maxRatio: z.number().min(0).max(1).default(0.5),
      capacity: z.int().min(1).max(10_000_000).default(100_000),
      overflow: z.enum(['block', 'drop_oldest']).default('block'),
    })
    .prefault({}),
  retry: z
    .strictObject({
      maxAttempts: z.int().min(1).max(20).default(3),
      backoff: z
        .strictObject({
          initialSeconds: z.number().min(0).max(3_600).default(5),
          factor: z.number().min(1).max(10).default(2),
          maxSeconds: z.number().min(0).max(86_400).default(300),
        })
        .prefault({}),
    })
    .prefault({}),
  timeoutSeconds: z.int().min(1).max(86_400).default(3_600),
});

export const PipelineName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'use 1 to 63 of a-z, 0-9 and -, beginning with a letter');

export const PipelineDocument = z.strictObject({
  kind: z.literal('pipeline'),
  version: z.literal('1.0'),
  metadata: z.strictObject({
    name: PipelineName,
    description: z.string().max(2_000).default(''),
    owner: z.string().max(200).default(''),
    labels: label.default({}),
    annotations: label.default({}),
  }),
  parameters: z.record(Identifier, Parameter).default({}),
  schedule: Schedule.nullable().default(null),
  trigger: Trigger.nullable().default(null),
  policies: Policies.prefault({}),
  nodes: z.array(Node).min(1).max(200),
  errorHandling: ErrorHandling.prefault({}),
  notify: Notify.prefault({}),
});

export type Schedule = z.infer<typeof Schedule>;
export type Policies = z.infer<typeof Policies>;
export type PipelineDocument = z.infer<typeof PipelineDocument>;
export type PipelineNode = z.infer<typeof Node>;
export type NodeKind = PipelineNode['kind'];
export type NodeOf<K extends NodeKind> = Extract<PipelineNode, { kind: K }>;
export type DeclaredColumn = z.infer<typeof DeclaredColumn>;
export type ColumnType = z.infer<typeof ColumnType>;
export type RowRule = z.infer<typeof RowRule>;
export type DatasetRule = z.infer<typeof DatasetRule>;
export type Parameter = z.infer<typeof Parameter>;
