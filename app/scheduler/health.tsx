import { HeartPulse } from 'lucide-react';
import type { ReactNode } from 'react';
import type { SchedulerHealth } from '#server/web/index.ts';
import { useClock } from '../time/clock.tsx';
import { duration, toMs } from '../time/format.ts';
import { cn } from '../ui/cn.ts';
import { Time } from '../ui/time.tsx';

/** A scheduler is called silent after this long without a tick: four times the longest pause between two. */
const SILENT_MS = 60_000;
/** Process and database clocks may differ by this much before it is worth a colour. */
const SKEW_MS = 1_000;

/** The signs that tell a dead scheduler from one with nothing to do. */
export function HealthStrip({ health }: { health: SchedulerHealth }) {
  const { lastTickAt, oldestDueUnfiredAt, clockSkewMs } = health;
  const isSilent = useClock((nowMs) => lastTickAt === null || nowMs - toMs(lastTickAt) > SILENT_MS);
  const isBehind = useClock((nowMs) => oldestDueUnfiredAt !== null && nowMs - toMs(oldestDueUnfiredAt) > SILENT_MS);
  const isSkewed = clockSkewMs !== null && Math.abs(clockSkewMs) > SKEW_MS;
  const isWell = !isSilent && !isBehind && !isSkewed;
  return (
    <section
      aria-label="Scheduler health"
      className={cn(
        'mb-4 flex flex-wrap items-center gap-x-6 gap-y-1.5 rounded-lg border px-3.5 py-2 text-xs',
        isWell ? 'border-line bg-surface text-muted' : 'border-warn-solid/50 bg-warn-soft text-warn',
      )}
    >
      <p className="flex items-center gap-2 font-medium">
        <HeartPulse aria-hidden className={cn('size-4', isWell ? 'text-ok' : 'text-warn')} />
        {isSilent ? 'Scheduler is silent: nothing fires' : isWell ? 'Scheduler is ticking' : 'Scheduler needs a look'}
      </p>
      <dl className="flex flex-wrap gap-x-6 gap-y-1">
        <Sign term="Last tick" isBad={isSilent}>
          {lastTickAt === null ? 'never' : <Time at={lastTickAt} />}
        </Sign>
        <Sign term="Tick lag" isBad={isSilent}>
          {health.tickLagSeconds === null ? '–' : duration(health.tickLagSeconds * 1_000)}
        </Sign>
        <Sign term="Oldest due, not fired" isBad={isBehind}>
          {oldestDueUnfiredAt === null ? 'none' : <Time at={oldestDueUnfiredAt} />}
        </Sign>
        <Sign term="Clock skew" isBad={isSkewed}>
          {clockSkewMs === null ? '–' : `${Math.round(clockSkewMs)} ms`}
        </Sign>
      </dl>
    </section>
  );
}

const Sign = ({ term, isBad, children }: { term: string; isBad: boolean; children: ReactNode }) => (
  <div className="flex gap-1.5">
    <dt>{term}</dt>
    <dd className={cn('tabular', isBad ? 'font-semibold' : 'text-ink')}>{children}</dd>
  </div>
);
