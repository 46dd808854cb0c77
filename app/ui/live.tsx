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

/** An answer to "are you there" that takes longer than this is none, in milliseconds. */
const REACH_MS = 4_000;

/** Whether the server answers at all. A refresh that cannot be answered would put an error in the page's place. */
const isServerReachable = (): Promise<boolean> =>
  fetch('/livez', { cache: 'no-store', signal: AbortSignal.timeout(REACH_MS) }).then(
    ({ status }) => status < 500,
    () => false,
  );

/**
 * Asks the page's loaders again every five seconds while the tab is visible and `isOn`, and at once when the tab
 * comes back. The next question waits for the last answer and for any navigation: asking during one would abort
 * what is on its way and begin it anew. While the server is away the page stays as it is and asks on.
 * @returns whether the server answered when it was last asked.
 */
export function useRefresh(isOn: boolean, loadedAtMs: number, everyMs = REFRESH_MS): boolean {
  const { revalidate, state } = useRevalidator();
  const navigation = useNavigation();
  const [isReachable, setReachable] = useState(true);
  const isIdle = state === 'idle' && navigation.state === 'idle';
  // New data begins a new wait, also when React drew "loading" and "idle" in one go and so told of neither.
  // biome-ignore lint/correctness/useExhaustiveDependencies: loadedAtMs is that signal
  useEffect(() => {
    if (!isOn || !isIdle) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const refresh = async () => {
      clearTimeout(timer);
      if (document.visibilityState !== 'visible') return;
      const answers = await isServerReachable();
      if (isOver) return;
      setReachable(answers);
      if (answers) revalidate();
      else timer = setTimeout(refresh, everyMs);
    };
    timer = setTimeout(refresh, everyMs);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [isOn, isIdle, loadedAtMs, everyMs, revalidate]);
  return isReachable;
}

/** Keeps the page fresh and says how fresh it is; can be paused, for reading and for copying. */
export function Live({ loadedAtMs, everyMs }: { loadedAtMs: number; everyMs?: number }) {
  const [isOn, setOn] = useState(true);
  const age = useClock((nowMs) => (Math.abs(nowMs - loadedAtMs) < 1_500 ? 'just now' : relative(loadedAtMs, nowMs)));
  const isReachable = useRefresh(isOn, loadedAtMs, everyMs);
  const says = !isOn ? 'Paused, from ' : isReachable ? 'Updated ' : 'Server does not answer, from ';
  const mark = !isOn ? 'bg-idle-solid' : isReachable ? 'animate-breathe bg-ok-solid' : 'bg-bad-solid';
  const label = isOn ? 'Pause live updates' : 'Resume live updates';
  return (
    <div className="no-print flex items-center gap-1 text-faint text-xs">
      <span aria-hidden className={cn('size-1.5 rounded-full', mark)} />
      <span className="tabular min-w-26 whitespace-nowrap pl-0.5">
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
