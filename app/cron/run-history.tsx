import type { CronRun, CronTenantOutcome } from '#server/web/index.ts';
import { actorWords } from '../ui/actor.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Duration, Time } from '../ui/time.tsx';
import { Counts } from './counts.tsx';
import { lookOf, triggerWords } from './looks.ts';

interface RunHistoryProps {
  job: string;
  runs: CronRun[];
  nextCursor: string | null;
}

/** The runs of one job, newest first: what fired it, what it did for each tenant, and what went wrong. */
export function RunHistory({ job, runs, nextCursor }: RunHistoryProps) {
  if (runs.length === 0) return <p className="py-3 text-muted">{job} has not run yet.</p>;
  return (
    <section aria-label={`Runs of ${job}`} className="min-w-0 contain-inline-size">
      <ol className="divide-y divide-line">
        {runs.map((run) => (
          <Run key={run.id} run={run} />
        ))}
      </ol>
      <Pagination nextCursor={nextCursor} shown={runs.length} what="runs" />
    </section>
  );
}

function Run({ run }: { run: CronRun }) {
  const tries = run.attempt > 1 ? `, attempt ${run.attempt}` : '';
  const params = Object.entries(run.params).map(([name, value]) => `${name}=${value}`);
  return (
    <li className="space-y-1.5 py-2.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <Pill {...lookOf(run)} />
        <Time at={run.startedAt} show="exact" />
        <Duration from={run.startedAt} to={run.finishedAt} />
        <span className="text-muted text-xs">
          {triggerWords[run.trigger]}
          {run.requestedBy !== '' && ` by ${actorWords(run.requestedBy)}`}
          {tries}
          {params.length > 0 && ` with ${params.join(', ')}`}
        </span>
        {run.slot && (
          <span className="text-muted text-xs">
            due <Time at={run.slot} show="clock" />
          </span>
        )}
        <span className="text-faint text-xs">on {run.processId}</span>
      </div>
      <Counts counts={run.counts} />
      {run.error !== null && <p className="break-words text-bad text-xs">{run.error}</p>}
      <Tenants outcomes={run.perTenant} />
    </li>
  );
}

/** Tenants with errors stand open; the others are one line to unfold. */
function Tenants({ outcomes }: { outcomes: CronTenantOutcome[] }) {
  const failed = outcomes.filter((one) => one.errors.length > 0);
  const fine = outcomes.filter((one) => one.errors.length === 0);
  return (
    <>
      {failed.length > 0 && (
        <ul className="space-y-1 border-bad-solid border-l-2 pl-3">
          {failed.map((one) => (
            <li key={one.tenantId} className="text-xs">
              <span className="font-medium">{one.tenant}</span>
              {one.errors.map((error) => (
                <p key={error} className="break-words text-bad">
                  {error}
                </p>
              ))}
              {Object.keys(one.counts).length > 0 && <Counts counts={one.counts} />}
            </li>
          ))}
        </ul>
      )}
      {fine.length > 0 && (
        <details className="text-xs">
          <summary className="w-fit cursor-pointer rounded text-muted">
            {fine.length} {fine.length === 1 ? 'tenant' : 'tenants'} without errors
          </summary>
          <ul className="mt-1 space-y-1 pl-4">
            {fine.map((one) => (
              <li key={one.tenantId} className="flex flex-wrap gap-x-3">
                <span className="font-medium">{one.tenant}</span>
                <Counts counts={one.counts} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
