import { Link } from '@remix-run/react';
import type { SchedulerItem } from '#server/web/index.ts';
import { InScheduleZone } from '../time/clock.tsx';
import { Labels } from '../ui/filter-bar.tsx';
import { Lag } from './lag.tsx';
import { ScheduleWords } from './schedule-words.tsx';
import { Coming, LastRun } from './scheduler-table.tsx';
import { Timeline } from './timeline.tsx';

/** The same columns as cards, for a phone. */
export function SchedulerCards({ items }: { items: SchedulerItem[] }) {
  return (
    <ul className="divide-y divide-line md:hidden">
      {items.map((item) => (
        <InScheduleZone key={item.pipelineId} zone={item.timezone}>
          <li className="space-y-2.5 p-4">
            <div className="flex items-start justify-between gap-3">
              <div className="min-w-0">
                <Link to={`/data/pipelines/${item.pipelineId}`} className="block truncate font-medium text-sm">
                  {item.name}
                </Link>
                <Labels labels={item.labels} />
              </div>
              <LastRun item={item} />
            </div>
            <ScheduleWords words={item.scheduleWords} schedule={item.schedule} zone={item.timezone} />
            <div className="flex items-start justify-between gap-3">
              <div className="min-w-0">
                <p className="text-faint text-xs">Next</p>
                <Coming item={item} />
              </div>
              <div className="shrink-0 text-right">
                <p className="text-faint text-xs">Lag</p>
                <Lag item={item} />
              </div>
            </div>
            <Timeline recent={item.recent} nextFires={item.nextFires} isPaused={item.paused !== null} />
          </li>
        </InScheduleZone>
      ))}
    </ul>
  );
}
