import { Link } from '@remix-run/react';
import { ListChecks } from 'lucide-react';
import type { RunListItem } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { RunPill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Duration, Time } from '../ui/time.tsx';
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
            <RunTable items={items} withPipeline={withPipeline} />
            <RunCards items={items} withPipeline={withPipeline} />
            <Pagination nextCursor={nextCursor} shown={items.length} what="runs" />
          </>
        )}
      </Card>
    </>
  );
}

type PartProps = Pick<RunListProps, 'items' | 'withPipeline'>;

function RunTable({ items, withPipeline }: PartProps) {
  return (
    <Table label="Runs" className="max-md:hidden">
      <Head>
        <Column>Status</Column>
        {withPipeline && <Column>Pipeline</Column>}
        <Column>Started</Column>
        <Column align="right">Took</Column>
        <Column>Trigger</Column>
        <Column>Due</Column>
        <Column align="right">Attempt</Column>
        <Column>Note</Column>
      </Head>
      <tbody>
        {items.map((run) => (
          <Row key={run.id}>
            <Cell>
              <Link
                to={`/data/runs/${run.id}`}
                prefetch="intent"
                aria-label={`Open run of ${run.pipelineName}`}
                className="rounded"
              >
                <RunPill status={run.status} />
              </Link>
            </Cell>
            {withPipeline && (
              <Cell>
                <Link to={`/data/runs/${run.id}`} className="font-medium hover:underline">
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
            <Cell>
              <TriggerLabel trigger={run.trigger} />
            </Cell>
            <Cell>
              <Time at={run.scheduledFor} show="exact" className="text-muted" />
            </Cell>
            <Cell align="right">{run.attempt}</Cell>
            <Cell className="max-w-72">
              <Outcome run={run} />
            </Cell>
          </Row>
        ))}
      </tbody>
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
          </div>
          <Outcome run={run} />
        </li>
      ))}
    </ul>
  );
}

/** Why it failed, else what it noted. */
function Outcome({ run }: { run: RunListItem }) {
  if (run.error !== null) {
    return (
      <span className="block truncate text-bad text-xs" title={run.error.message}>
        {run.error.message}
      </span>
    );
  }
  return run.note ? <span className="text-muted text-xs">{run.note.replaceAll('_', ' ')}</span> : <Dash />;
}
