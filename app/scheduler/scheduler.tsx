import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { CalendarClock } from 'lucide-react';
import { load } from '../api.server.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { pageSizeOf } from '../ui/page-size.ts';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { useWide } from '../ui/use-wide.ts';
import { HealthStrip } from './health.tsx';
import { SchedulerCards } from './scheduler-cards.tsx';
import { SchedulerTable } from './scheduler-table.tsx';
import { countStates, STATES, sortItems, stateOf } from './states.ts';
import { StateTiles } from './tiles.tsx';

export const meta: MetaFunction = () => [{ title: 'Scheduler · Mainspring' }];

/** What this page shows of the live channel's topics. */
const TOPICS = ['runs', 'schedules', 'pipelines', 'ticks'];

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const cursor = searchParams.get('cursor');
  const state = STATES.find((known) => known === searchParams.get('state')) ?? null;
  const page = await load(args, (api) =>
    api.scheduler.status({
      label: searchParams.getAll('label').filter(Boolean),
      limit: pageSizeOf(args.request),
      ...(cursor ? { cursor } : {}),
    }),
  );
  const shown = state === null ? page.items : page.items.filter((item) => stateOf(item) === state);
  return {
    items: sortItems(shown, searchParams.get('sort')),
    counts: countStates(page.items),
    total: page.items.length,
    nextCursor: page.nextCursor,
    health: page.health,
    state,
    isFiltered: state !== null || searchParams.has('label'),
    loadedAtMs: args.context.now.getTime(),
  };
}

export default function Scheduler() {
  const { items, counts, total, nextCursor, health, state, isFiltered, loadedAtMs } = useLoaderData<typeof loader>();
  const isWide = useWide();
  return (
    <>
      <PageHeader title="Scheduler" actions={<Live loadedAtMs={loadedAtMs} topics={TOPICS} />} />
      <HealthStrip health={health} />
      <StateTiles counts={counts} current={state} />
      <FilterBar labels />
      <Card flush>
        {items.length === 0 ? (
          <EmptyState
            icon={CalendarClock}
            title={isFiltered ? 'No pipeline matches this filter' : 'No pipeline is live yet'}
          >
            {isFiltered
              ? 'Take a label or the state away to see more.'
              : 'Publish a pipeline with a schedule, and its fires, lag and history show here.'}
          </EmptyState>
        ) : (
          <>
            {isWide !== false && <SchedulerTable items={items} />}
            {isWide !== true && <SchedulerCards items={items} />}
            <Pagination nextCursor={nextCursor} shown={total} what="pipelines" isSized />
          </>
        )}
      </Card>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
