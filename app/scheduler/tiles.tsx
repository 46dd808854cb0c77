import { Link, useSearchParams } from '@remix-run/react';
import { cn } from '../ui/cn.ts';
import { type Tone, toneSolid } from '../ui/status-pill.tsx';
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
  const [params] = useSearchParams();
  const states: State[] = ['failing', 'late', 'paused', 'on_time'];
  if (counts.unscheduled > 0) states.push('unscheduled');
  return (
    <ul className="mb-4 grid grid-cols-[repeat(auto-fit,minmax(8.5rem,1fr))] gap-2">
      {states.map((state) => {
        const { label, tone, hint } = stateLook[state];
        const isCurrent = state === current;
        const next = new URLSearchParams(params);
        if (isCurrent) next.delete('state');
        else next.set('state', state);
        return (
          <li key={state}>
            <Link
              to={`?${next}`}
              preventScrollReset
              aria-current={isCurrent ? 'true' : undefined}
              aria-label={`${label}: ${counts[state]}, ${hint}${isCurrent ? '; press to show all' : ''}`}
              className={cn(
                'block rounded-lg border bg-surface px-3.5 py-2.5 shadow-card hover:border-line-strong',
                isCurrent ? 'border-accent ring-1 ring-accent' : 'border-line',
              )}
            >
              <span className="flex items-center gap-1.5 text-muted text-xs">
                <span aria-hidden className="size-2 rounded-full" style={{ background: toneSolid[tone] }} />
                {label}
              </span>
              <span className="flex items-baseline gap-2">
                <span className={cn('tabular font-semibold text-xl leading-7', counts[state] === 0 && 'text-faint')}>
                  {counts[state]}
                </span>
                <span className="truncate text-faint text-xs">{hint}</span>
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
