import { Link, useSearchParams } from '@remix-run/react';
import { count } from '../time/format.ts';
import { cn } from './cn.ts';
import { type Tone, toneSolid } from './status-pill.tsx';

interface CountTileProps {
  label: string;
  amount: number;
  hint: string;
  tone: Tone;
  isCurrent: boolean;
  /** What the address says while it is pressed. */
  filter: { name: string; value: string };
  /** The hint stands below the number, and not beside it. */
  isStacked?: boolean;
}

/** How many are in one state; filters the list to it, and a second press takes that back. */
export function CountTile({ label, amount, hint, tone, isCurrent, filter, isStacked = false }: CountTileProps) {
  const [params] = useSearchParams();
  const next = new URLSearchParams(params);
  next.delete('cursor');
  if (isCurrent) next.delete(filter.name);
  else next.set(filter.name, filter.value);
  return (
    <li>
      <Link
        to={`?${next}`}
        preventScrollReset
        aria-current={isCurrent ? 'true' : undefined}
        aria-label={`${label}: ${count(amount)}, ${hint}${isCurrent ? '; press to show all' : ''}`}
        className={cn(
          'block rounded-lg border bg-surface px-3.5 py-2.5 shadow-card hover:border-line-strong',
          isCurrent ? 'border-accent ring-1 ring-accent' : 'border-line',
        )}
      >
        <span className="flex items-center gap-1.5 text-muted text-xs">
          <span aria-hidden className="size-2 rounded-full" style={{ background: toneSolid[tone] }} />
          {label}
        </span>
        <span className={cn('flex', isStacked ? 'flex-col' : 'items-baseline gap-2')}>
          <span className={cn('tabular font-semibold text-xl leading-7', amount === 0 && 'text-faint')}>
            {count(amount)}
          </span>
          <span className={cn('min-w-0 truncate text-xs', isStacked && tone === 'warn' ? 'text-warn' : 'text-faint')}>
            {hint}
          </span>
        </span>
      </Link>
    </li>
  );
}
