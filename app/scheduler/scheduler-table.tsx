import { Link } from '@remix-run/react';
import type { SchedulerItem } from '#server/web/index.ts';
import { InScheduleZone } from '../time/clock.tsx';
import { Labels } from '../ui/filter-bar.tsx';
import { LongRows } from '../ui/long-rows.tsx';
import { PausedPill, RunPill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { Lag } from './lag.tsx';
import { NextFires } from './next-fires.tsx';
import { ScheduleWords } from './schedule-words.tsx';
import { Timeline, TimelineScale } from './timeline.tsx';

/** Every pipeline in a line, for screens that have the room. */
export function SchedulerTable({ items }: { items: SchedulerItem[] }) {
  return (
    <Table label="Schedules" className="max-md:hidden" fixed="min-w-[61rem]" rowCount={items.length + 1}>
      <Head>
        <Column sort="name" className="w-[18%]">
          Pipeline
        </Column>
        <Column className="w-[21%]">Schedule</Column>
        <Column sort="last" className="w-[11%]">
          Last run
        </Column>
        <Column sort="lag" className="w-[8%]">
          Lag
        </Column>
        <Column sort="next" className="w-[20%]">
          Next five fires
        </Column>
        <Column>
          <span className="sr-only">Past 20 and coming 4 hours</span>
          <TimelineScale />
        </Column>
      </Head>
      <LongRows
        items={items}
        keyOf={(item) => item.pipelineId}
        estimatePx={66}
        columns={6}
        row={(item, place) => (
          <InScheduleZone zone={item.timezone}>
            <Row place={place}>
              <Cell>
                <Link
                  to={`/data/pipelines/${item.pipelineId}`}
                  prefetch="intent"
                  className="break-words font-medium hover:underline"
                >
                  {item.name}
                </Link>
                <Labels labels={item.labels} />
              </Cell>
              <Cell>
                <ScheduleWords words={item.scheduleWords} schedule={item.schedule} zone={item.timezone} />
              </Cell>
              <Cell>
                <LastRun item={item} />
              </Cell>
              <Cell>
                <Lag item={item} />
              </Cell>
              <Cell>
                <Coming item={item} />
              </Cell>
              <Cell>
                <Timeline recent={item.recent} nextFires={item.nextFires} isPaused={item.paused !== null} />
              </Cell>
            </Row>
          </InScheduleZone>
        )}
      />
    </Table>
  );
}

/** The last run's outcome and age; the outcome leads to the run. */
export function LastRun({ item }: { item: Pick<SchedulerItem, 'lastRunAt' | 'lastRunStatus' | 'lastRunId'> }) {
  if (item.lastRunStatus === null || item.lastRunId === null) return <Dash why="Has not run yet" />;
  return (
    <div className="flex flex-col items-start gap-0.5 max-md:items-end">
      <Link to={`/data/runs/${item.lastRunId}`} className="rounded">
        <RunPill status={item.lastRunStatus} />
      </Link>
      <Time at={item.lastRunAt} className="text-faint text-xs" />
    </div>
  );
}

/** What comes next, or who holds it and why. */
export function Coming({ item }: { item: SchedulerItem }) {
  if (item.paused !== null) {
    const { by, reason, until } = item.paused;
    return (
      <div className="max-w-64">
        <p className="flex items-center gap-1.5">
          <PausedPill />
          <span className="truncate text-faint text-xs">{by ?? ''}</span>
        </p>
        <p className="truncate text-muted text-xs" title={reason ?? undefined}>
          {reason}
          {until !== null && (
            <>
              {' '}
              until <Time at={until} show="exact" />
            </>
          )}
        </p>
      </div>
    );
  }
  if (item.nextFires.length === 0)
    return <Dash why={item.schedule === null ? 'No schedule' : 'The schedule has ended'} />;
  return <NextFires fires={item.nextFires} zone={item.timezone ?? 'UTC'} />;
}
