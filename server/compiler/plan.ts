import type { NodeKind, PipelineDocument, Problem } from '#server/ir/index.ts';
import type { Column } from './catalogue.ts';

/** The values of one run. Instants are ISO 8601 texts. */
export type RunContext = {
  runId: string;
  pipelineId: string;
  dueAt: string | null;
  intervalStart: string | null;
  intervalEnd: string | null;
  /** By name; one that is absent takes the document's default. */
  params: Record<string, string | number | boolean | null>;
  /** Where the executor has loaded each file source, by node id. */
  rawTables?: Record<string, { schema: string; table: string }>;
};

/**
 * - `prepare`: work on a side table; its count means nothing.
 * - `stage`: makes the node's temp table; the command tag's count is the node's rows out.
 * - `reject`: inserts into ms_rejects; the count is rows rejected.
 * - `warn`: inserts into ms_warnings.
 * - `check`: returns one row `(failures bigint, message text)`; failures > 0 must fail the run with that message.
 * - `ddl`: makes or empties a target table. - `load`: writes the target; the count is the rows written.
 */
export type StatementPurpose = 'prepare' | 'stage' | 'reject' | 'warn' | 'check' | 'ddl' | 'load';

export type Statement = {
  purpose: StatementPurpose;
  sql: string;
  /** The rule that a check or warning belongs to, e.g. `unique(id)`, `rowCount`, `empty_input`. */
  rule?: string;
};

/** What the executor must load before the node's statements run. */
export type FileSource = {
  format: 'csv' | 'ndjson';
  path: string;
  order: 'name' | 'mtime';
  maxFiles: number;
  csv: { delimiter: string; quote: string; header: boolean; nullText: string };
  /** The raw table has `path text, line bigint, raw text` and then these, all text, in this order. */
  columns: { raw: string; field: string; name: string; type: string }[];
};

export type TargetTable = { schema: string; table: string; mode: 'append' | 'truncate' | 'upsert'; isCreated: boolean };

/** Where a column's values come from, one step up: a node's column, or a column of a table or file. */
export type ColumnOrigin = { node: string; column: string } | { table: string; column: string };

export type PlanNode = {
  id: string;
  kind: NodeKind;
  inputs: string[];
  /** The declared columns of the node's rows; for a target, the columns it writes. */
  columns: Column[];
  /** The temp table's name (unquoted, in pg_temp); null for a target. */
  stage: string | null;
  /** The node's place in the document, e.g. `/nodes/3`. */
  pointer: string;
  origins: Map<string, ColumnOrigin[]>;
  fileSource?: FileSource;
  target?: TargetTable;
  /** Its rows are in `ms_events` afterwards, for the executor to store in the outbox. */
  writesEvents?: true;
  statements(run: RunContext): Statement[];
};

/** `nodes` stand in an order in which they can run: inputs first, targets last. */
export type Plan = { doc: PipelineDocument; nodes: PlanNode[] };

export type Compiled = { ok: true; plan: Plan; problems: Problem[] } | { ok: false; problems: Problem[] };
