import { useNavigation, useRevalidator } from '@remix-run/react';
import { Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useClock } from '../time/clock.tsx';
import { relative } from '../time/format.ts';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { Tooltip } from './tooltip.tsx';

/** Pause between two refreshes of a page that is being looked at, in milliseconds. */
export const REFRESH_MS = 5_000;

/**
 * Asks the page's loaders again every five seconds while the tab is visible and `isOn`, and at once when the tab
 * comes back. The next question waits for the last answer and for any navigation: asking during one would abort
 * what is on its way and begin it anew.
 */
export function useRefresh(isOn: boolean, everyMs = REFRESH_MS): void {
  const { revalidate, state } = useRevalidator();
  const navigation = useNavigation();
  const isIdle = state === 'idle' && navigation.state === 'idle';
  useEffect(() => {
    if (!isOn || !isIdle) return;
    const refresh = () => {
      if (document.visibilityState === 'visible') revalidate();
    };
    const timer = setTimeout(refresh, everyMs);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [isOn, isIdle, everyMs, revalidate]);
}

/** Keeps the page fresh and says how fresh it is; can be paused, for reading and for copying. */
export function Live({ loadedAtMs, everyMs }: { loadedAtMs: number; everyMs?: number }) {
  const [isOn, setOn] = useState(true);
  const age = useClock((nowMs) => (Math.abs(nowMs - loadedAtMs) < 1_500 ? 'just now' : relative(loadedAtMs, nowMs)));
  useRefresh(isOn, everyMs);
  const label = isOn ? 'Pause live updates' : 'Resume live updates';
  return (
    <div className="no-print flex items-center gap-1 text-faint text-xs">
      <span
        aria-hidden
        className={cn('size-1.5 rounded-full', isOn ? 'animate-breathe bg-ok-solid' : 'bg-idle-solid')}
      />
      <span className="tabular min-w-26 whitespace-nowrap pl-0.5">
        {isOn ? 'Updated ' : 'Paused, from '}
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
