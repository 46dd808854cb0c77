// The smallest executor that keeps the compiler's contract, for tests: it runs a plan's statements in one transaction,
// reads what they made, and rolls everything back, so that each generated case starts from the same database.
import type postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import { connectionOf, transaction } from '#server/lib/index.ts';
import type { Plan, RunContext } from '../plan.ts';
import { quoteIdent, quoteLiteral } from '../quote.ts';
import { SESSION_SETTINGS, WORK_TABLES_DDL } from '../work-tables.ts';

export type Cell = string | null;
export type Row = Record<string, Cell>;
export type Reject = {
  node_id: string;
  rule: string;
  error_kind: string;
  message: string;
  source_node: string;
  row_key: unknown;
  replayable: boolean;
  payload: Record<string, unknown>;
};
export type Outcome = {
  /** Declared columns of each staged node as text, in row order. */
  stages: Record<string, Row[]>;
  hidden: Record<string, { key: unknown; source: string; replayable: boolean }[]>;
  counts: { nodeId: string; purpose: string; count: number }[];
  rejects: Reject[];
  warnings: { node_id: string; rule: string; message: string; row_count: string }[];
  /** Rows of the target tables as text after the load. */
  targets: Record<string, Row[]>;
  /** The message of the check that failed; everything else is empty then. */
  failure: string | null;
};

export const RUN: RunContext = {
  runId: '0198c0de-0000-7000-8000-000000000001',
  pipelineId: '0198c0de-0000-7000-8000-000000000002',
  dueAt: '2026-03-01T12:00:00Z',
  intervalStart: '2026-02-28T12:00:00Z',
  intervalEnd: '2026-03-01T12:00:00Z',
  params: {},
};

class Rollback extends Error {}

/** `prepare` fills the tables; `targets` are read, ordered by every column, before the rollback. */
export async function execute(
  pool: Pool,
  plan: Plan,
  prepare: (sql: postgres.TransactionSql) => Promise<unknown>,
  run: RunContext = RUN,
): Promise<Outcome> {
  const outcome: Outcome = {
    stages: {},
    hidden: {},
    counts: [],
    rejects: [],
    warnings: [],
    targets: {},
    failure: null,
  };
  try {
    await transaction(pool, {}, async (tx) => {
      const sql = connectionOf(tx);
      await prepare(sql);
      for (const [name, value] of Object.entries(SESSION_SETTINGS)) {
        await sql.unsafe(`SET LOCAL ${name} = ${quoteLiteral(value)}`);
      }
      await sql.unsafe(WORK_TABLES_DDL);
      if (await runStatements(sql, plan, run, outcome)) await readBack(sql, plan, outcome);
      throw new Rollback();
    });
  } catch (error) {
    if (!(error instanceof Rollback)) throw error;
  }
  return outcome;
}

async function runStatements(
  sql: postgres.TransactionSql,
  plan: Plan,
  run: RunContext,
  outcome: Outcome,
): Promise<boolean> {
  for (const node of plan.nodes) {
    for (const statement of node.statements(run)) {
      const result = await sql.unsafe(statement.sql);
      if (statement.purpose !== 'check') {
        outcome.counts.push({ nodeId: node.id, purpose: statement.purpose, count: result.count });
        continue;
      }
      const [answer] = result as unknown as { failures: string; message: string }[];
      if (Number(answer?.failures) === 0) continue;
      outcome.failure = answer?.message ?? '';
      return false;
    }
  }
  return true;
}

async function readBack(sql: postgres.TransactionSql, plan: Plan, outcome: Outcome): Promise<void> {
  for (const node of plan.nodes) {
    const list = node.columns.map(({ name }) => `${quoteIdent(name)}::text`).join(', ');
    if (node.stage !== null) {
      const stage = `pg_temp.${quoteIdent(node.stage)}`;
      outcome.stages[node.id] = [...(await sql.unsafe<Row[]>(`SELECT ${list} FROM ${stage} ORDER BY ctid`))];
      const hidden = 'SELECT _ms_key AS key, _ms_source AS source, _ms_replayable AS replayable';
      outcome.hidden[node.id] = [
        ...(await sql.unsafe<Outcome['hidden'][string]>(`${hidden} FROM ${stage} ORDER BY ctid`)),
      ];
    } else if (node.target) {
      const table = `${quoteIdent(node.target.schema)}.${quoteIdent(node.target.table)}`;
      outcome.targets[node.id] = [...(await sql.unsafe<Row[]>(`SELECT ${list} FROM ${table} ORDER BY ${list}`))];
    }
  }
  outcome.rejects = [...(await sql.unsafe<Reject[]>('SELECT * FROM pg_temp.ms_rejects ORDER BY ctid'))];
  outcome.warnings = [...(await sql.unsafe<Outcome['warnings']>('SELECT * FROM pg_temp.ms_warnings ORDER BY ctid'))];
}
