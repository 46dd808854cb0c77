import { Link } from '@remix-run/react';
import { Send } from 'lucide-react';
import { useState } from 'react';
import type { EventStatus, OutboxEventFilter, OutboxEventItem } from '#server/web/index.ts';
import { counted } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Time } from '../ui/time.tsx';
import { EventTable } from './event-table.tsx';
import { SettleBar } from './settle-bar.tsx';
import { EVENT_STATUSES, eventLook } from './states.ts';

const CHOICES = {
  name: 'status',
  label: 'Status',
  options: EVENT_STATUSES.map((value) => ({ value, label: eventLook[value].label })),
};

const SEARCH = {
  label: 'Start of key or type, or whole id',
  hint: 'How a key or a type begins, upper and lower case as written, or the whole id',
};

interface EventListProps {
  page: { items: OutboxEventItem[]; nextCursor: string | null };
  status: EventStatus | null;
  filter: OutboxEventFilter;
  canOperate: boolean;
}

/** Events, newest first, with what can be done about failed ones. */
export function EventList({ page: { items, nextCursor }, status, filter, canOperate }: EventListProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const isFiltered = status !== null || Object.keys(filter).length > 0;
  const failedIds = items.filter((event) => event.status === 'failed').map(({ id }) => id);
  // What has left the page meanwhile is not acted on unseen.
  const selected = failedIds.filter((id) => chosen.has(id));
  const choose = (ids: string[], isChosen: boolean) =>
    setChosen((before) => new Set(isChosen ? [...before, ...ids] : [...before].filter((id) => !ids.includes(id))));
  const picking = canOperate && failedIds.length > 0 ? { selected: new Set(selected), failedIds, choose } : null;
  // Once there it stays: its buttons have yet to tell what they came to when the last failed event is gone.
  const [isOffered, setOffered] = useState(false);
  if (!isOffered && picking) setOffered(true);
  return (
    <>
      <FilterBar search={SEARCH} choices={CHOICES} keep={['window']} />
      <Card flush>
        {canOperate && isOffered && (
          <SettleBar
            selected={selected}
            isFailedOnly={status === 'failed'}
            isEmpty={failedIds.length === 0}
            filter={filter}
            onDone={() => setChosen(new Set())}
          />
        )}
        {items.length === 0 ? (
          <Nothing isFiltered={isFiltered} hasMore={nextCursor !== null} />
        ) : (
          <>
            <EventTable items={items} status={status} picking={picking} />
            <EventCards items={items} />
          </>
        )}
        <Pagination nextCursor={nextCursor} shown={items.length} what="events" />
      </Card>
    </>
  );
}

function Nothing({ isFiltered, hasMore }: { isFiltered: boolean; hasMore: boolean }) {
  if (hasMore)
    return (
      <EmptyState icon={Send} title="Not among the newest 50,000 events">
        Go on to the next page to look among older ones.
      </EmptyState>
    );
  return (
    <EmptyState icon={Send} title={isFiltered ? 'No event matches this filter' : 'No event has been stored yet'}>
      {isFiltered
        ? 'Take the search or the status away to see more. The search is for how a key or a type begins, upper and lower case as written, or the whole id.'
        : 'Events show here as soon as an interaction is recorded or a pipeline writes to the outbox.'}
    </EmptyState>
  );
}

function EventCards({ items }: { items: OutboxEventItem[] }) {
  return (
    <ul className="divide-y divide-line md:hidden">
      {items.map((event) => (
        <li key={event.id} className="space-y-1 p-4">
          <div className="flex items-center justify-between gap-3">
            <Link to={`/ops/outbox/${event.id}`} className="min-w-0 truncate font-medium text-sm">
              {event.type}
            </Link>
            <Pill {...eventLook[event.status]} />
          </div>
          <div className="flex flex-wrap gap-x-4 text-muted text-xs">
            <span className="min-w-0 truncate">{event.key}</span>
            <Time at={event.createdAt} />
            {event.attempts > 0 && <span>{counted(event.attempts, 'failed attempt')}</span>}
          </div>
          {event.lastError !== null && event.status !== 'published' && (
            <p className="line-clamp-2 break-words text-bad text-xs">{event.lastError}</p>
          )}
        </li>
      ))}
    </ul>
  );
}
