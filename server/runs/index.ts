export { cancelRun } from './cancel-run.ts';
export { type ClaimedRun, claimRuns } from './claim.ts';
export { enqueueRun, type NewRun, queueLimits } from './enqueue.ts';
export { type ExecuteDeps, executeRun, type OnStep, type Outcome, type RunStep } from './execute.ts';
export { createHeartbeat, type Heartbeat } from './heartbeat.ts';
export { claimSeconds, observeQueue } from './metrics.ts';
export { listQueueTenants } from './queue-tenants.ts';
export { getRun, listRuns } from './read-runs.ts';
export { type ReapCounts, reapLostRuns } from './reap.ts';
export { runProcedures, startRunProcedure } from './router.ts';
export { createRunControl, type RunControl } from './run-control.ts';
export {
  CancelRunOutput,
  GetRunInput,
  ListRunsInput,
  RunDetail,
  RunItem,
  RunPage,
} from './schemas.ts';
export { sweepStaging } from './staging.ts';
export { startRun } from './start-run.ts';
export { hasEnded, RUN_MOVES, type RunStatus } from './states.ts';
export { listenForWakes, notifyRunnersThrough, onWake, wakeRunners } from './wake.ts';
