// One pass over what is due. Each batch is one short transaction under a transaction-level advisory lock:
// the due rows are locked, decided by the pure core, and then one statement writes ledger rows, runs, queue
// rows and next fires together. The lock only saves work; the ledger's key is what keeps a fire to one run.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import {
  type Clock,
  counter,
  databaseClock,
  gauge,
  histogram,
  type Logger,
  logError,
  queryOne,
  type Tx,
  transaction,
} from '#server/lib/index.ts';
import { wakeRunners } from '#server/runs/index.ts';
import { applyDecisions, type Decided } from './apply-decisions.ts';
import { decideSchedule } from './decide-schedule.ts';
import { type DueRow, readDue } from './read-due.ts';
import { type OpenStop, readStops } from './read-stops.ts';

/** "flow". */
const TICK_LOCK = 0x666c6f77;
const BATCH_SIZE = 1_000;
/** A tick ends after this many batches; what is left is due at the next, which follows at once. */
const MAX_BATCHES = 100;

export type TickResult =
  | { ok: true; skipped: true }
  | { ok: true; skipped: false; due: number; fired: number; verdicts: Record<string, number>; durationMs: number };

export type TickDependencies = {
  pool: Pool;
  log: Logger;
  processId: string;
  clock?: Clock;
  batchSize?: number;
  /** Where a test may have the process killed; nothing otherwise. */
  failPoint?: (name: string) => void;
};

const verdictsTotal = counter('schedule_occurrences_total', 'Due instants by their verdict', ['verdict']);
const tickSeconds = histogram(
  'scheduler_tick_duration_seconds',
  'Time one tick took',
  [0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
);
const ticksTotal = counter('scheduler_ticks_total', 'Ticks by outcome', ['outcome']);
const lastTick = gauge('scheduler_last_tick_timestamp_seconds', 'When this process last ticked, by the database clock');

/** Nobody waits for the pool: a second caller in this process is told at once. */
const ticking = new WeakSet<Pool>();

/** Fires what is due. A caller that finds another one at it gets `skipped: true` at once. */
export async function tick(deps: TickDependencies): Promise<TickResult> {
  if (ticking.has(deps.pool)) return skipped();
  ticking.add(deps.pool);
  const started = performance.now();
  try {
    const total = await tickBatches(deps);
    if (!total) return skipped();
    const durationMs = Math.round((performance.now() - started) * 100) / 100;
    tickSeconds.observe(durationMs / 1_000);
    ticksTotal.labels(total.due > 0 ? 'due' : 'idle').inc();
    for (const [verdict, count] of Object.entries(total.verdicts)) verdictsTotal.labels(verdict).inc(count);
    return { ok: true, skipped: false, ...total, durationMs };
  } finally {
    ticking.delete(deps.pool);
  }
}

function skipped(): TickResult {
  ticksTotal.labels('skipped').inc();
  return { ok: true, skipped: true };
}

type Totals = { due: number; fired: number; verdicts: Record<string, number> };
type Progress = {
  totals: Totals;
  /** Schedules that this tick could not decide: read again, they would hide those behind them. */
  undecided: string[];
};

async function tickBatches(deps: TickDependencies): Promise<Totals | null> {
  const totals: Totals = { due: 0, fired: 0, verdicts: {} };
  const progress: Progress = { totals, undecided: [] };
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const done = await transaction(deps.pool, { statementTimeoutMs: 20_000 }, (tx) => tickBatch(tx, deps, progress));
    deps.failPoint?.('flowSchedulerTick.committed');
    if (done === 'locked') return batch === 0 ? null : totals;
    if (done === 'empty') return totals;
  }
  return totals;
}

/** `more`: what was due filled the batch, or a schedule has instants left. */
async function tickBatch(
  tx: Tx,
  deps: TickDependencies,
  { totals, undecided }: Progress,
): Promise<'locked' | 'empty' | 'more'> {
  const { locked } = await queryOne<{ locked: boolean }>(
    tx,
    sql`select pg_try_advisory_xact_lock(${TICK_LOCK}) as locked`,
  );
  if (!locked) return 'locked';
  const started = performance.now();
  const processNow = Date.now();
  const now = await (deps.clock ?? databaseClock).now(tx);
  const batchSize = deps.batchSize ?? BATCH_SIZE;
  const due = await readDue(tx, now, batchSize, undecided);
  const stopOf = due.length > 0 ? await readStops(tx) : () => null;
  const decided = due.flatMap((row) => decideOrReport(row, now, stopOf(row.tenantId), { log: deps.log, undecided }));
  const result = await applyDecisions(tx, decided);
  await recordTick(tx, deps, { now, processNow, due: due.length, fired: result.fired, startedMs: started });
  totals.due += result.instants;
  totals.fired += result.fired;
  for (const [verdict, count] of Object.entries(result.verdicts))
    totals.verdicts[verdict] = (totals.verdicts[verdict] ?? 0) + count;
  deps.failPoint?.('flowSchedulerTick.fired');
  if (result.fired > 0) tx.afterCommit(() => wakeRunners());
  lastTick.set(now.getTime() / 1_000);
  return due.length === batchSize || decided.some((one) => one.decision.isContinued) ? 'more' : 'empty';
}

/** One schedule that cannot be decided must not keep the others from firing. */
function decideOrReport(
  row: DueRow,
  now: Date,
  stop: OpenStop | null,
  { log, undecided }: { log: Logger; undecided: string[] },
): Decided[] {
  try {
    return [decideSchedule(row, now, stop)];
  } catch (error) {
    logError(log, error, 'a schedule could not be decided', { scheduleId: row.scheduleId, pipelineId: row.pipelineId });
    undecided.push(row.scheduleId);
    return [];
  }
}

type Turn = { now: Date; processNow: number; due: number; fired: number; startedMs: number };

/** The state row moves with each tick; cron_runs gets a row only when something was due. */
async function recordTick(tx: Tx, deps: TickDependencies, turn: Turn): Promise<void> {
  const tookMs = performance.now() - turn.startedMs;
  const at = turn.now.toISOString();
  await tx.execute(sql`update scheduler_state set last_tick_at = ${at}::timestamptz, last_tick_ms = ${tookMs}::float8, last_due = ${turn.due}::int,
    last_fired = ${turn.fired}::int, clock_skew_ms = ${turn.processNow - turn.now.getTime()}::float8, process_id = ${deps.processId}`);
  if (turn.due > 0)
    await tx.execute(sql`insert into cron_runs (job, process_id, started_at, finished_at, outcome, counts)
      values ('flowSchedulerTick', ${deps.processId}, ${at}::timestamptz, clock_timestamp(), 'succeeded',
        jsonb_build_object('due', ${turn.due}::int, 'fired', ${turn.fired}::int))`);
}
