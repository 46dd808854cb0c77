// In which of four states an operator sees a pipeline. One pipeline is in exactly one, the most urgent.
import type { SchedulerItem } from '#server/web/index.ts';

export const STATES = ['failing', 'late', 'paused', 'on_time', 'unscheduled'] as const;
export type State = (typeof STATES)[number];

/** From this many minutes on a pipeline counts as late. */
export const LATE_MINUTES = 5;

export function stateOf(item: SchedulerItem): State {
  if (item.lastRunStatus === 'failed') return 'failing';
  if (item.paused !== null) return 'paused';
  if (item.lagMinutes !== null && item.lagMinutes >= LATE_MINUTES) return 'late';
  return item.schedule === null ? 'unscheduled' : 'on_time';
}

export function countStates(items: SchedulerItem[]): Record<State, number> {
  const counts: Record<State, number> = { failing: 0, late: 0, paused: 0, on_time: 0, unscheduled: 0 };
  for (const item of items) counts[stateOf(item)] += 1;
  return counts;
}

const compareText = (a: string | null, b: string | null) => (a ?? '').localeCompare(b ?? '', 'en');

const orders: Record<string, (a: SchedulerItem, b: SchedulerItem) => number> = {
  name: (a, b) => compareText(a.name, b.name),
  lag: (a, b) => (a.lagMinutes ?? -1) - (b.lagMinutes ?? -1),
  last: (a, b) => compareText(a.lastRunAt, b.lastRunAt),
  next: (a, b) => compareText(a.nextFires[0]?.at ?? '9999', b.nextFires[0]?.at ?? '9999'),
};

/** Items in the order of `?sort=key` or `?sort=-key`; as they came for an unknown key. */
export function sortItems(items: SchedulerItem[], sort: string | null): SchedulerItem[] {
  if (sort === null) return items;
  const isDown = sort.startsWith('-');
  const order = orders[isDown ? sort.slice(1) : sort];
  if (order === undefined) return items;
  return items.toSorted((a, b) => (isDown ? order(b, a) : order(a, b)));
}
