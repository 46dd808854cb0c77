// What a cron job is. A room above cron/ defines its job with these words (`<room>/<job>-job.ts`) and exports it;
// cron/jobs.ts puts it into the one list, and cron/run-job.ts alone runs it.
import type { Pool } from '#db/client.ts';
import type { Logger, Tx } from '#server/lib/index.ts';

export type Counts = Record<string, number>;

/** What the runner gives a job. Everything a job writes it writes through `pool`, as the worker's role. */
export type JobContext = {
  pool: Pool;
  log: Logger;
  processId: string;
  /** The row in cron_runs. */
  runId: string;
  /**
   * Aborted at the time limit, when the lease is lost and when the process stops. A job asks between its batches
   * (`signal.throwIfAborted()`) and hands it to what waits (fetch, S3); what it leaves undone the next run does.
   */
  signal: AbortSignal;
  /** The route's query parameters, such as `dryRun=1`; empty when a schedule fired. */
  params: Readonly<Record<string, string>>;
  /**
   * First statement of a transaction that only the lease's holder may commit: it locks the lease until the commit,
   * so that whoever takes over waits for it.
   * @throws ServiceError JOB_LEASE_LOST when another run holds the lease.
   */
  fence(tx: Tx): Promise<void>;
  /** Where a test may have the process killed (FAIL_POINT); nothing otherwise. Name it `<job>.<what was just done>`. */
  failPoint(name: string): void;
};

/** What became of one tenant in one run. `ok` is false when its work failed; `errors` may also hold what was borne. */
export type TenantOutcome = { tenantId: string; tenant: string; ok: boolean; counts: Counts; errors: string[] };

export type JobResult = {
  /** The route's answer besides `ok` and, where it has none of its own, `errors`. */
  answer?: Record<string, unknown>;
  /** Shown on the cron page; when absent, the sums of the tenants' counts. */
  counts?: Counts;
  perTenant?: TenantOutcome[];
  /** What went wrong outside any one tenant without ending the job. */
  errors?: string[];
  /** It came to nothing, though it answers in its own shape: recorded as failed, answered with 500. */
  isFailed?: boolean;
};

/** A parameter that an operator may add to "run now": a flag is sent as `1`, an instant as ISO 8601 in UTC. */
export type JobOption = { name: string; label: string; kind: 'flag' | 'instant' };

/** `Config` is what this job needs of the environment, by name: `JobDefinition<{ siem: SiemConfig | null }>`. */
export type JobDefinition<Config = object> = {
  /** The chart's key. */
  name: string;
  /** Below /api/v1/cron/. */
  path: string;
  /** One sentence for pages and the API's reference. */
  summary: string;
  /** Five cron fields in UTC; null: never, until an operator sets a schedule. */
  schedule: string | null;
  /** What an operator is told to set where there is no default. */
  recommended?: string;
  /** What the page offers beside "run now"; the route takes the same as query parameters. */
  options?: readonly JobOption[];
  /** Query parameters that the route takes beside the options. One that is in neither list is ignored and not stored. */
  moreParams?: readonly string[];
  /** Time limit; below the 600 s after which the chart ends its caller. */
  timeoutMs: number;
  /** False: no lease, no slot and no row; the job keeps itself to one (the tick). Default true. */
  isLeased?: boolean;
  /**
   * Its answer has an exact shape that monitors read, and is sent as it is, without `ok`. A caller that finds
   * another run at it cannot be told so and runs it too, without lease or row: such a job must bear that.
   */
  hasExactAnswer?: boolean;
  run(ctx: JobContext, config: Config): Promise<JobResult>;
};
