// The names and shapes that the compiler's statements and the executor share.

/** The columns each staged table carries besides the declared ones. Names with _ms_ are reserved, so none can clash. */
export const HIDDEN_COLUMNS = ['_ms_key', '_ms_source', '_ms_replayable'] as const;

/** PostgreSQL allows 1,600 columns in a table; the hidden ones need their share. */
export const MAX_COLUMNS = 1_590;

/** Run once at the start of the transaction, before any node's statements. */
export const WORK_TABLES_DDL = `CREATE TEMP TABLE ms_rejects (
  node_id text NOT NULL,
  rule text NOT NULL,
  error_kind text NOT NULL,
  message text NOT NULL,
  source_node text NOT NULL,
  row_key jsonb,
  replayable boolean NOT NULL,
  payload jsonb
) ON COMMIT DROP;
CREATE TEMP TABLE ms_warnings (
  node_id text NOT NULL,
  rule text NOT NULL,
  message text NOT NULL,
  row_count bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE ms_events (
  node_id text NOT NULL,
  event_type text NOT NULL,
  event_key text NOT NULL,
  payload jsonb NOT NULL
) ON COMMIT DROP;`;

/** What the outbox takes of an event, so that a row beyond it is parked and does not fail the run. */
export const MAX_EVENT_KEY_BYTES = 1_024;
export const MAX_EVENT_PAYLOAD_BYTES = 900_000;

/** The settings under which the compiled SQL means what it says; the executor sets them LOCAL before anything else. */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  standard_conforming_strings: 'on',
  extra_float_digits: '1',
  bytea_output: 'hex',
};

/** The unquoted name of a node's temp table: ids have at most 40 characters, so it always fits into 63 bytes. */
export function stageName(nodeId: string): string {
  return `ms_n_${nodeId}`;
}

/** The temp table of a validate node's verdicts. */
export function verdictName(nodeId: string): string {
  return `ms_v_${nodeId}`;
}

/** The temp table of a target's events before they are judged. */
export function eventsName(nodeId: string): string {
  return `ms_e_${nodeId}`;
}
