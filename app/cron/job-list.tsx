import { Link } from '@remix-run/react';
import { Fragment, type ReactNode } from 'react';
import type { CronJob } from '#server/web/index.ts';
import { cn } from '../ui/cn.ts';
import { Pill, toneSolid } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Duration, Time } from '../ui/time.tsx';
import { Counts } from './counts.tsx';
import { lookOf, never, outcomeLook, unscheduledWords } from './looks.ts';
import { RunNow } from './run-now.tsx';

interface JobListProps {
  jobs: CronJob[];
  mayRun: boolean;
  /** The job whose runs are shown below, and those runs. */
  open: { job: string; history: ReactNode } | null;
}

/** Every job: a table where there is room, cards on a phone. */
export function JobList({ jobs, mayRun, open }: JobListProps) {
  return (
    <>
      <Table label="Cron jobs" className="max-lg:hidden">
        <Head>
          <Column>Job</Column>
          <Column>Schedule</Column>
          <Column>Next fire</Column>
          <Column>Last run</Column>
          <Column align="right">Took</Column>
          <Column>Did</Column>
          <Column>Latest runs</Column>
          {mayRun && (
            <Column>
              <span className="sr-only">Run now</span>
            </Column>
          )}
        </Head>
        <tbody>
          {jobs.map((job) => (
            <Fragment key={job.name}>
              <JobRow job={job} mayRun={mayRun} isOpen={open?.job === job.name} />
              {open?.job === job.name && (
                <tr>
                  <Cell colSpan={mayRun ? 8 : 7} className="bg-page">
                    {open.history}
                  </Cell>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </Table>
      <ul className="divide-y divide-line lg:hidden">
        {jobs.map((job) => (
          <JobCard key={job.name} job={job} mayRun={mayRun} history={open?.job === job.name ? open.history : null} />
        ))}
      </ul>
    </>
  );
}

function JobRow({ job, mayRun, isOpen }: { job: CronJob; mayRun: boolean; isOpen: boolean }) {
  return (
    <Row className={cn(isOpen && 'bg-hover')}>
      <Cell className="max-w-64">
        <JobLink job={job} isOpen={isOpen} />
        <span className="block text-muted text-xs">{job.summary}</span>
      </Cell>
      <Cell className="max-w-48">
        <ScheduleOf job={job} />
      </Cell>
      <Cell>
        <NextFire job={job} />
      </Cell>
      <Cell>
        <LastRun job={job} />
      </Cell>
      <Cell align="right">
        <Duration from={job.lastRun?.startedAt ?? null} to={job.lastRun?.finishedAt ?? null} />
      </Cell>
      <Cell className="max-w-60">{job.lastRun ? <Counts counts={job.lastRun.counts} /> : <Dash />}</Cell>
      <Cell>
        <Latest job={job} />
      </Cell>
      {mayRun && <Cell align="right">{!job.isSelfTimed && <RunNow job={job} />}</Cell>}
    </Row>
  );
}

function JobCard({ job, mayRun, history }: { job: CronJob; mayRun: boolean; history: ReactNode }) {
  return (
    <li className="space-y-2 p-4">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <JobLink job={job} isOpen={history !== null} />
          <p className="text-muted text-xs">{job.summary}</p>
        </div>
        {mayRun && !job.isSelfTimed && <RunNow job={job} />}
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
        <ScheduleOf job={job} />
        {job.nextFireAt && (
          <span>
            next <Time at={job.nextFireAt} />
          </span>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
        <LastRun job={job} />
        {job.lastRun && <Counts counts={job.lastRun.counts} />}
      </div>
      {history}
    </li>
  );
}

/** Opens and closes the job's runs; the state is in the address. */
function JobLink({ job, isOpen }: { job: CronJob; isOpen: boolean }) {
  return (
    <Link
      to={isOpen ? '?' : `?job=${job.name}`}
      preventScrollReset
      aria-expanded={isOpen}
      aria-label={`${job.name}: ${isOpen ? 'hide' : 'show'} its runs`}
      className="break-words font-medium hover:underline"
    >
      {job.name}
    </Link>
  );
}

function ScheduleOf({ job }: { job: CronJob }) {
  if (job.schedule === null)
    return (
      <span className="text-muted text-xs">
        {unscheduledWords(job)}
        {job.recommended && <span className="block text-faint">recommended: {job.recommended} UTC</span>}
      </span>
    );
  if (job.isSelfTimed) return <span className="text-xs">whenever a pipeline is due</span>;
  return (
    <span className="text-xs">
      {job.scheduleInWords}
      <code className="block whitespace-nowrap font-mono text-faint">{job.schedule} UTC</code>
    </span>
  );
}

function NextFire({ job }: { job: CronJob }) {
  if (job.isSelfTimed && job.schedule !== null) return <span className="text-muted text-xs">when due</span>;
  if (job.nextFireAt === null) return <Dash why="Never by itself" />;
  return <Time at={job.nextFireAt} />;
}

function LastRun({ job }: { job: CronJob }) {
  const run = job.lastRun;
  if (job.isRequested) return <Pill {...outcomeLook.running} label="Asked for" />;
  if (run === null) return <Pill {...never} />;
  return (
    <span className="inline-flex items-center gap-2">
      <Pill {...lookOf(run)} />
      <Time at={run.startedAt} className="text-muted text-xs" />
    </span>
  );
}

/** One bar a run, oldest left. What each was stands in the job's runs. */
function Latest({ job }: { job: CronJob }) {
  const runs = [...job.recentOutcomes].reverse();
  if (runs.length === 0) return <Dash why="None yet" />;
  const bad = runs.filter((run) => run.outcome !== 'succeeded' && run.outcome !== 'running').length;
  return (
    <span
      className="inline-flex h-5 items-end gap-0.5"
      role="img"
      aria-label={`${bad} of the last ${runs.length} runs with errors`}
    >
      {runs.map((run) => (
        <span
          key={run.id}
          className={cn('w-1 rounded-sm', run.outcome === 'succeeded' ? 'h-3' : 'h-5')}
          style={{ background: toneSolid[outcomeLook[run.outcome].tone] }}
        />
      ))}
    </span>
  );
}
