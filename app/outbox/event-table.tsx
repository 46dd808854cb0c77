import { Link } from '@remix-run/react';
import type { EventStatus, OutboxEventItem } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { eventLook } from './states.ts';

/** Which failed events of the page are ticked. */
export interface Picking {
  selected: ReadonlySet<string>;
  failedIds: string[];
  choose: (ids: string[], isChosen: boolean) => void;
}

interface EventTableProps {
  items: OutboxEventItem[];
  /** The one status that is shown; null for all of them. */
  status: EventStatus | null;
  picking: Picking | null;
}

/** Events in lines, for screens that have the room. What went wrong has the most of it: one opens the page for that. */
export function EventTable({ items, status, picking }: EventTableProps) {
  // Where no event of the list can have been published, the error has that column's room, too.
  const hasPublished = status === null || status === 'published';
  return (
    <Table label="Events" className="max-md:hidden" fixed="min-w-[52rem]">
      <Head>
        {picking && (
          <Column className="w-9 pr-0">
            <input
              type="checkbox"
              aria-label="Select all failed events of this page"
              className="align-middle accent-accent"
              checked={picking.selected.size === picking.failedIds.length}
              onChange={(change) => picking.choose(picking.failedIds, change.currentTarget.checked)}
            />
          </Column>
        )}
        <Column className="w-[10%]">Status</Column>
        <Column className="w-[18%]">Type</Column>
        <Column className="w-[13%]">Key</Column>
        <Column className="w-[9%]">Stored</Column>
        {hasPublished && <Column className="w-[9%]">Published</Column>}
        <Column align="right" className="w-[8%]">
          Attempts
        </Column>
        <Column>Last error</Column>
      </Head>
      <tbody>
        {items.map((event) => (
          <Row key={event.id}>
            {picking && (
              <Cell className="pr-0">
                {event.status === 'failed' && (
                  <input
                    type="checkbox"
                    aria-label={`Select the event of ${event.key}`}
                    className="align-middle accent-accent"
                    checked={picking.selected.has(event.id)}
                    onChange={(change) => picking.choose([event.id], change.currentTarget.checked)}
                  />
                )}
              </Cell>
            )}
            <Cell>
              <Pill {...eventLook[event.status]} />
            </Cell>
            <Cell>
              <Link
                to={`/ops/outbox/${event.id}`}
                prefetch="intent"
                className="block truncate font-medium hover:underline"
                title={event.type}
              >
                {event.type}
              </Link>
            </Cell>
            <Cell>
              <span className="block truncate font-mono text-xs" title={event.key}>
                {event.key}
              </span>
            </Cell>
            <Cell>
              <Time at={event.createdAt} />
            </Cell>
            {hasPublished && (
              <Cell>{event.publishedAt === null ? <Dash why="Not published" /> : <Time at={event.publishedAt} />}</Cell>
            )}
            <Cell align="right">
              <span className="tabular">{count(event.attempts)}</span>
            </Cell>
            <Cell>
              {event.lastError === null ? (
                <Dash />
              ) : (
                <span
                  className={`line-clamp-2 break-words text-xs ${event.status === 'published' ? 'text-faint' : 'text-bad'}`}
                  title={event.lastError}
                >
                  {event.lastError}
                </span>
              )}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
