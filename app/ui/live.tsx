import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { useRefresh } from '../live/use-refresh.ts';
import { useClock } from '../time/clock.tsx';
import { relative } from '../time/format.ts';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { Tooltip } from './tooltip.tsx';

interface LiveProps {
  loadedAtMs: number;
  /** What the page shows, as server/web/live names it; any change refreshes the page when absent. */
  topics?: readonly string[];
  /** Pause between two questions while the live channel is down, in milliseconds. */
  everyMs?: number;
}

/** Keeps the page fresh and says how fresh it is; can be paused, for reading and for copying. */
export function Live({ loadedAtMs, topics, everyMs }: LiveProps) {
  const [isOn, setOn] = useState(true);
  const age = useClock((nowMs) => (Math.abs(nowMs - loadedAtMs) < 1_500 ? 'just now' : relative(loadedAtMs, nowMs)));
  const { isReachable, isLive } = useRefresh({ isOn, loadedAtMs, topics, everyMs });
  const says = !isOn
    ? 'Paused, from '
    : !isReachable
      ? 'Server does not answer, from '
      : isLive
        ? 'Live, updated '
        : 'Updated ';
  const mark = !isOn ? 'bg-idle-solid' : isReachable ? 'bg-ok-solid' : 'bg-bad-solid';
  const label = isOn ? 'Pause live updates' : 'Resume live updates';
  return (
    <div className="no-print flex items-center gap-1 text-faint text-xs max-sm:w-full">
      <span
        aria-hidden
        className={cn(
          'size-1.5 rounded-full',
          mark,
          isOn && isReachable && isLive && 'animate-breathe [animation-iteration-count:3]',
        )}
      />
      <span className="tabular min-w-36 whitespace-nowrap pl-0.5">
        {says}
        {age}
      </span>
      <Tooltip text={label}>
        <Button look="quiet" size="icon-sm" aria-label={label} onClick={() => setOn(!isOn)}>
          {isOn ? <Pause aria-hidden /> : <Play aria-hidden />}
        </Button>
      </Tooltip>
    </div>
  );
}
