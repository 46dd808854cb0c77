import type { EventStatus, OutboxEventFilter, OutboxWindow } from '#server/web/index.ts';
import { isEventStatus } from './states.ts';

export const PAGE_SIZE = 50;

export const WINDOWS: { minutes: OutboxWindow; label: string }[] = [
  { minutes: 15, label: '15 min' },
  { minutes: 60, label: '1 h' },
  { minutes: 360, label: '6 h' },
  { minutes: 1_440, label: '24 h' },
];

/** What the address asks of the page. */
export interface OutboxView {
  status: EventStatus | null;
  filter: OutboxEventFilter;
  minutes: OutboxWindow;
  cursor: string | null;
}

export function outboxView(url: string): OutboxView {
  const { searchParams } = new URL(url);
  const minutes = Number(searchParams.get('window'));
  const status = searchParams.get('status');
  return {
    status: isEventStatus(status) ? status : null,
    filter: filterOf((name) => searchParams.get(name)),
    minutes: WINDOWS.find((known) => known.minutes === minutes)?.minutes ?? 60,
    cursor: searchParams.get('cursor'),
  };
}

/** A filter from an address or a form; empty fields are left away. */
export function filterOf(field: (name: string) => string | null): OutboxEventFilter {
  const [search, key, type] = ['search', 'key', 'type'].map((name) => field(name)?.trim() ?? '');
  return { ...(search ? { search } : {}), ...(key ? { key } : {}), ...(type ? { type } : {}) };
}
