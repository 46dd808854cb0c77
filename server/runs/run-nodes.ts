import { sql } from '#db/drizzle.ts';
import type { NodeWarning, RunProgress } from '#db/schema/index.ts';
import type { Plan, PlanNode } from '#server/compiler/index.ts';
import type { Tx } from '#server/lib/index.ts';
import type { ClaimedRun } from './claim.ts';
import type { StagedInput } from './staging.ts';

/** What one node did in this attempt. */
export type NodeOutcome = {
  nodeId: string;
  ordinal: number;
  kind: PlanNode['kind'];
  name: string;
  status: 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped';
  rowsIn: number;
  rowsOut: number;
  rowsRejected: number;
  bytes: number | null;
  durationMs: number | null;
  sql: string;
  warnings: NodeWarning[];
};

/** All nodes, before anything ran, in the plan's order. */
export function pendingNodes(plan: Plan): NodeOutcome[] {
  const names = new Map(plan.doc.nodes.map((node) => [node.id, node.name ?? '']));
  return plan.nodes.map((node, ordinal) => ({
    nodeId: node.id,
    ordinal,
    kind: node.kind,
    name: names.get(node.id) ?? '',
    status: 'pending',
    rowsIn: 0,
    rowsOut: 0,
    rowsRejected: 0,
    bytes: null,
    durationMs: null,
    sql: '',
    warnings: [],
  }));
}

/** Rows in: a node's inputs' rows out; a source's own, with the malformed lines that never became rows. */
export function countRowsIn(node: PlanNode, outcome: NodeOutcome, all: readonly NodeOutcome[], staged?: StagedInput) {
  if (node.kind === 'source') {
    outcome.rowsRejected += staged?.rejected ?? 0;
    outcome.bytes = staged?.bytes ?? null;
    outcome.rowsIn = outcome.rowsOut + outcome.rowsRejected;
    return;
  }
  const byId = new Map(all.map((other) => [other.nodeId, other]));
  outcome.rowsIn = node.inputs.reduce((sum, id) => sum + (byId.get(id)?.rowsOut ?? 0), 0);
}

export type RunTotals = { rowsIn: number; rowsOut: number; rowsRejected: number };

/** A run's rows: read by its sources, written by its targets, rejected anywhere. */
export function totalRows(outcomes: readonly NodeOutcome[]): RunTotals {
  const sum = (nodes: readonly NodeOutcome[], pick: (node: NodeOutcome) => number) =>
    nodes.reduce((total, node) => total + pick(node), 0);
  return {
    rowsIn: sum(
      outcomes.filter((node) => node.kind === 'source'),
      (node) => node.rowsIn,
    ),
    rowsOut: sum(
      outcomes.filter((node) => node.kind === 'target'),
      (node) => node.rowsOut,
    ),
    rowsRejected: sum(outcomes, (node) => node.rowsRejected),
  };
}

/** Writes what this attempt's nodes did over what an earlier attempt's did. */
export async function saveNodes(tx: Tx, claim: ClaimedRun, outcomes: readonly NodeOutcome[]): Promise<void> {
  if (outcomes.length === 0) return;
  await tx.execute(sql`insert into run_nodes (tenant_id, run_id, node_id, attempt, ordinal, kind, name, status, rows_in,
      rows_out, rows_rejected, bytes, duration_ms, sql, warnings)
    select ${claim.tenantId}, ${claim.runId}, n."nodeId", ${claim.attempt}, n.ordinal, n.kind, n.name, n.status, n."rowsIn",
      n."rowsOut", n."rowsRejected", n.bytes, n."durationMs", n.sql, n.warnings
    from jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb) as n("nodeId" text, ordinal int, kind text, name text, status text,
      "rowsIn" bigint, "rowsOut" bigint, "rowsRejected" bigint, bytes bigint, "durationMs" float8, sql text, warnings jsonb)
    on conflict (tenant_id, run_id, node_id) do update set attempt = excluded.attempt, ordinal = excluded.ordinal,
      kind = excluded.kind, name = excluded.name, status = excluded.status, rows_in = excluded.rows_in,
      rows_out = excluded.rows_out, rows_rejected = excluded.rows_rejected, bytes = excluded.bytes,
      duration_ms = excluded.duration_ms, sql = excluded.sql, warnings = excluded.warnings`);
}

/** Tells the heartbeat where the run is. */
export function moveProgress(progress: RunProgress, change: Partial<RunProgress>): void {
  Object.assign(progress, change, { updatedAt: new Date().toISOString() });
}
