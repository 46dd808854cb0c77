import { useSearchParams } from '@remix-run/react';
import { lazy } from 'react';
import type { OutboxPoint, OutboxWindow } from '#server/web/index.ts';
import { count, counted, duration } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { ChoiceBar } from '../ui/choice-bar.tsx';
import { InBrowser } from '../ui/in-browser.tsx';
import { WINDOWS } from './event-filter.ts';

const Charts = lazy(() => import('./charts.tsx'));

interface ChartCardProps {
  history: { stepSeconds: number; points: OutboxPoint[] };
  minutes: OutboxWindow;
}

/** What waited, how fast it went and how old it got, over the chosen time. */
export function ChartCard({ history, minutes }: ChartCardProps) {
  return (
    <Card title="Over time" aside={<WindowChoice minutes={minutes} />}>
      <p className="sr-only">{inWords(history)}</p>
      <div className="min-h-[33.2rem] md:min-h-[10.3rem]">
        <InBrowser>
          <Charts {...history} />
        </InBrowser>
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
  return `In this time at most ${counted(most, 'event')} waited and ${count(published)} ${published === 1 ? 'was' : 'were'} published.${age}`;
}

function WindowChoice({ minutes }: { minutes: OutboxWindow }) {
  const [params] = useSearchParams();
  const choices = WINDOWS.map((option) => {
    const next = new URLSearchParams(params);
    next.set('window', String(option.minutes));
    return { to: `?${next}`, label: option.label, isCurrent: option.minutes === minutes };
  });
  return <ChoiceBar label="Time shown" choices={choices} isInPlace />;
}
