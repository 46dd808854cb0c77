import { CountTile } from '../ui/count-tile.tsx';
import type { Tone } from '../ui/status-pill.tsx';
import type { State } from './states.ts';

export const stateLook: Record<State, { label: string; tone: Tone; hint: string }> = {
  failing: { label: 'Failing', tone: 'bad', hint: 'last run failed' },
  late: { label: 'Late', tone: 'warn', hint: '5 min and more' },
  paused: { label: 'Paused', tone: 'held', hint: 'held by somebody' },
  on_time: { label: 'On time', tone: 'ok', hint: 'lag under 5 min' },
  unscheduled: { label: 'No schedule', tone: 'idle', hint: 'run by hand' },
};

/** How many are in which state; each tile filters the table to its state, and a second press takes that back. */
export function StateTiles({ counts, current }: { counts: Record<State, number>; current: State | null }) {
  const states: State[] = ['failing', 'late', 'paused', 'on_time'];
  if (counts.unscheduled > 0) states.push('unscheduled');
  return (
    <ul className="mb-4 grid grid-cols-[repeat(auto-fit,minmax(8.5rem,1fr))] gap-2">
      {states.map((state) => (
        <CountTile
          key={state}
          {...stateLook[state]}
          amount={counts[state]}
          isCurrent={state === current}
          filter={{ name: 'state', value: state }}
        />
      ))}
    </ul>
  );
}
