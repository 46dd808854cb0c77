import { Link, useSearchParams } from '@remix-run/react';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { OutboxPoint, OutboxWindow } from '#server/web/index.ts';
import { count, duration } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { cn } from '../ui/cn.ts';
import { Skeleton } from '../ui/states.tsx';
import { WINDOWS } from './event-filter.ts';

// The drawing code is large and needs the size of its box: it comes after the page, and never on the server.
const Charts = lazy(() => import('./charts.tsx'));

interface ChartCardProps {
  history: { stepSeconds: number; points: OutboxPoint[] };
  minutes: OutboxWindow;
}

/** What waited, how fast it went and how old it got, over the chosen time. */
export function ChartCard({ history, minutes }: ChartCardProps) {
  const [isInBrowser, setInBrowser] = useState(false);
  useEffect(() => setInBrowser(true), []);
  return (
    <Card title="Over time" aside={<WindowChoice minutes={minutes} />}>
      <p className="sr-only">{inWords(history)}</p>
      <div className="min-h-[33.2rem] md:min-h-[11.5rem]">
        {isInBrowser ? (
          <Suspense fallback={<Skeleton rows={4} />}>
            <Charts {...history} />
          </Suspense>
        ) : (
          <Skeleton rows={4} />
        )}
      </div>
    </Card>
  );
}

/** The same for those who cannot look at it. */
function inWords({ points }: ChartCardProps['history']): string {
  const most = points.reduce((max, { pending }) => Math.max(max, pending ?? 0), 0);
  const published = points.reduce((sum, point) => sum + point.published, 0);
  const slowest = points.reduce((max, { ageP99Ms }) => Math.max(max, ageP99Ms ?? 0), 0);
  const age = published === 0 ? '' : ` The slowest 99th percentile of their age was ${duration(slowest)}.`;
  return `In this time at most ${count(most)} events waited and ${count(published)} were published.${age}`;
}

function WindowChoice({ minutes }: { minutes: OutboxWindow }) {
  const [params] = useSearchParams();
  return (
    <nav aria-label="Time shown" className="flex rounded-md border border-line-strong p-0.5">
      {WINDOWS.map((option) => {
        const next = new URLSearchParams(params);
        next.set('window', String(option.minutes));
        const isCurrent = option.minutes === minutes;
        return (
          <Link
            key={option.minutes}
            to={`?${next}`}
            replace
            preventScrollReset
            aria-current={isCurrent ? 'true' : undefined}
            className={cn(
              'whitespace-nowrap rounded px-2 text-xs leading-5',
              isCurrent ? 'bg-idle-soft font-medium text-ink' : 'text-muted hover:text-ink',
            )}
          >
            {option.label}
          </Link>
        );
      })}
    </nav>
  );
}
