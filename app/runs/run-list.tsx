import { Link } from '@remix-run/react';
import { ListChecks } from 'lucide-react';
import type { RunListItem } from '#server/web/index.ts';
import { count, counted } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { LongRows } from '../ui/long-rows.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { RunPill, runLook } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Duration, Time } from '../ui/time.tsx';
import { useWide } from '../ui/use-wide.ts';
import { RUN_CHOICES } from './run-filter.ts';
import { TriggerLabel } from './trigger.tsx';

interface RunListProps {
  items: RunListItem[];
  nextCursor: string | null;
  isFiltered: boolean;
  /** Name the pipeline in each line; not on its own page. */
  withPipeline: boolean;
}

/** Runs, newest first: a table where there is room, cards on a phone. */
export function RunList({ items, nextCursor, isFiltered, withPipeline }: RunListProps) {
  const isWide = useWide();
  return (
    <>
      <FilterBar choices={RUN_CHOICES} />
      <Card flush>
        {items.length === 0 ? (
          <EmptyState icon={ListChecks} title={isFiltered ? 'No run has this status' : 'Nothing has run yet'}>
            {isFiltered
              ? 'Choose another status, or all.'
              : 'Runs show here as soon as a schedule fires or somebody presses Run now.'}
          </EmptyState>
        ) : (
          <>
            {isWide !== false && <RunTable items={items} withPipeline={withPipeline} />}
            {isWide !== true && <RunCards items={items} withPipeline={withPipeline} />}
            <Pagination nextCursor={nextCursor} shown={items.length} what="runs" isSized />
          </>
        )}
      </Card>
    </>
  );
}

type PartProps = Pick<RunListProps, 'items' | 'withPipeline'>;

function RunTable({ items, withPipeline }: PartProps) {
  return (
    <Table label="Runs" className="max-md:hidden" rowCount={items.length + 1}>
      <Head>
        <Column>Status</Column>
        {withPipeline && <Column>Pipeline</Column>}
        <Column>Started</Column>
        <Column align="right">Took</Column>
        <Column align="right">Rows out</Column>
        <Column align="right">Rejected</Column>
        <Column>Trigger</Column>
        <Column>Due</Column>
        <Column>Note</Column>
      </Head>
      <LongRows
        items={items}
        keyOf={(run) => run.id}
        estimatePx={37}
        columns={withPipeline ? 9 : 8}
        row={(run, place) => (
          <Row place={place}>
            <Cell>
              <Link
                to={`/data/runs/${run.id}`}
                prefetch="intent"
                aria-label={`${runLook[run.status].label}: open this run of ${run.pipelineName}`}
                className="rounded"
              >
                <RunPill status={run.status} />
              </Link>
            </Cell>
            {withPipeline && (
              <Cell className="max-w-56">
                <Link
                  to={`/data/runs/${run.id}`}
                  className="block truncate font-medium hover:underline"
                  title={run.pipelineName}
                >
                  {run.pipelineName}
                </Link>
              </Cell>
            )}
            <Cell>
              <Time at={run.startedAt ?? run.queuedAt} />
            </Cell>
            <Cell align="right">
              <Duration from={run.startedAt} to={run.finishedAt} />
            </Cell>
            <Cell align="right">{run.rowsOut === null ? <Dash why="Not known yet" /> : count(run.rowsOut)}</Cell>
            <Cell align="right">
              <Rejected rows={run.rowsRejected} />
            </Cell>
            <Cell>
              <TriggerLabel trigger={run.trigger} />
            </Cell>
            <Cell>
              <Time at={run.scheduledFor} show="clock" className="text-muted" />
            </Cell>
            <Cell className="max-w-64">
              <Outcome run={run} />
            </Cell>
          </Row>
        )}
      />
    </Table>
  );
}

function RunCards({ items, withPipeline }: PartProps) {
  return (
    <ul className="divide-y divide-line md:hidden">
      {items.map((run) => (
        <li key={run.id} className="space-y-1.5 p-4">
          <div className="flex items-center justify-between gap-3">
            <Link to={`/data/runs/${run.id}`} className="min-w-0 truncate font-medium text-sm">
              {withPipeline ? run.pipelineName : 'Run'}
            </Link>
            <RunPill status={run.status} />
          </div>
          <div className="flex flex-wrap gap-x-4 text-muted text-xs">
            <Time at={run.startedAt ?? run.queuedAt} />
            <Duration from={run.startedAt} to={run.finishedAt} />
            <TriggerLabel trigger={run.trigger} />
            {run.rowsOut !== null && <span>{counted(run.rowsOut, 'row')} out</span>}
            {run.rowsRejected !== null && run.rowsRejected > 0 && (
              <span>
                <Rejected rows={run.rowsRejected} /> rejected
              </span>
            )}
          </div>
          {(run.error !== null || run.note !== null || run.attempt > 1) && <Outcome run={run} />}
        </li>
      ))}
    </ul>
  );
}

/** Rows set aside; red only where there are any, so that it draws the eye. */
export function Rejected({ rows }: { rows: number | null }) {
  if (rows === null) return <Dash why="Not known yet" />;
  return <span className={rows === 0 ? 'text-faint' : 'font-medium text-bad'}>{count(rows)}</span>;
}

/** Why it failed, else what it noted, and how often it was tried. */
function Outcome({ run }: { run: RunListItem }) {
  const tries = run.attempt > 1 ? `attempt ${run.attempt}` : '';
  if (run.error !== null) {
    return (
      <span className="block truncate text-bad text-xs" title={run.error.message}>
        {tries !== '' && `${tries}: `}
        {run.error.message}
      </span>
    );
  }
  const words = [run.note?.replaceAll('_', ' '), tries].filter(Boolean).join(', ');
  return words === '' ? <Dash /> : <span className="text-muted text-xs">{words}</span>;
}
