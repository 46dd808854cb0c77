import { Link, useSearchParams } from '@remix-run/react';
import type { EventStatus, OutboxSummary } from '#server/web/index.ts';
import { count, duration } from '../time/format.ts';
import { cn } from '../ui/cn.ts';
import { type Tone, toneSolid } from '../ui/status-pill.tsx';
import { eventLook } from './states.ts';

/** Waiting longer than this is worth a colour: a publisher that lives takes seconds. */
const OLD_SECONDS = 60;

/** How much is in which state; each tile filters the list to its state, and a second press takes that back. */
export function SummaryTiles({ summary, current }: { summary: OutboxSummary; current: EventStatus | null }) {
  const { oldestPendingAgeSeconds: ageSeconds } = summary;
  const isOld = ageSeconds !== null && ageSeconds > OLD_SECONDS;
  const hints: Record<'pending' | 'processing' | 'published' | 'failed', string> = {
    pending: ageSeconds === null ? 'nothing waits' : `oldest ${duration(Math.floor(ageSeconds) * 1_000)}`,
    processing: 'claimed, not yet marked',
    published: 'since the beginning',
    failed: summary.failed === 0 ? 'none set aside' : 'requeue or discard',
  };
  return (
    <ul aria-label="Events by status" className="mb-4 grid grid-cols-2 gap-2 sm:grid-cols-4">
      {(['pending', 'processing', 'published', 'failed'] as const).map((status) => (
        <Tile
          key={status}
          status={status}
          amount={summary[status]}
          hint={hints[status]}
          isCurrent={status === current}
          tone={status === 'pending' && isOld ? 'warn' : eventLook[status].tone}
        />
      ))}
    </ul>
  );
}

interface TileProps {
  status: EventStatus;
  amount: number;
  hint: string;
  isCurrent: boolean;
  tone: Tone;
}

function Tile({ status, amount, hint, isCurrent, tone }: TileProps) {
  const [params] = useSearchParams();
  const next = new URLSearchParams(params);
  next.delete('cursor');
  if (isCurrent) next.delete('status');
  else next.set('status', status);
  const { label } = eventLook[status];
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
        <span className={cn('tabular block font-semibold text-xl leading-7', amount === 0 && 'text-faint')}>
          {count(amount)}
        </span>
        <span className={cn('block truncate text-xs', tone === 'warn' ? 'text-warn' : 'text-faint')}>{hint}</span>
      </Link>
    </li>
  );
}
