import { useFetchers, useNavigation, useRevalidator } from '@remix-run/react';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { isChannelUp, onTopics, subscribeToState } from './channel.ts';
import { isServerReachable } from './reach.ts';

/** Pause between two refreshes of a page that is being looked at while the live channel is down, in milliseconds. */
export const REFRESH_MS = 5_000;
/** The same while it is up: the net for what it does not tell of, such as a pause that ends by itself. */
const NET_MS = 60_000;
/** Least time between two refreshes, and the wait in which changes are gathered, in milliseconds. */
const LEAST_GAP_MS = 2_000;
const GATHER_MS = 150;
/** What the frame shows, and what may stand for anything. */
const FOR_EVERY_PAGE = ['*', 'session', 'stops'];

export interface RefreshOptions {
  isOn: boolean;
  /** When the shown data was loaded; new data begins a new wait. */
  loadedAtMs: number;
  /** What the page shows; any change refreshes it when absent. */
  topics?: readonly string[] | undefined;
  /** While the channel is down. */
  everyMs?: number | undefined;
}

export interface Refresh {
  /** Whether the server answered when it was last asked. */
  isReachable: boolean;
  /** Whether changes are told of as they happen, rather than asked for. */
  isLive: boolean;
}

const isChannelUpOnServer = () => false;

/**
 * Asks the page's loaders again when a topic of theirs has changed, and every few seconds while nobody tells.
 * A hidden page asks nothing until it is looked at again. The next question waits for the last answer and for any
 * navigation: asking during one would abort what is on its way. So it would drop where a form that is being sent is to lead. While the
 * server is away the page stays as it is.
 */
export function useRefresh({ isOn, loadedAtMs, topics, everyMs = REFRESH_MS }: RefreshOptions): Refresh {
  const { revalidate, state } = useRevalidator();
  const navigation = useNavigation();
  const [isReachable, setReachable] = useState(true);
  const isLive = useSyncExternalStore(subscribeToState, isChannelUp, isChannelUpOnServer);
  const isIdle = state === 'idle' && navigation.state === 'idle';
  const isSending = useFetchers().some((fetcher) => fetcher.state === 'submitting');
  const mustWait = useRef(false);
  const isDue = useRef(false);
  const refreshedAtMs = useRef(0);
  /** Set while the page may ask: begins the short wait after a change. */
  const hurry = useRef<() => void>(undefined);
  const topicList = topics?.join(' ');

  useEffect(() => {
    const wanted = topicList === undefined ? null : [...FOR_EVERY_PAGE, ...topicList.split(' ')];
    const cares = (topic: string) => wanted === null || wanted.includes(topic);
    return onTopics((changed) => {
      if (isDue.current || !changed.some(cares)) return;
      isDue.current = true;
      hurry.current?.();
    });
  }, [topicList]);

  useEffect(() => {
    mustWait.current = isSending;
  }, [isSending]);

  // New data begins a new wait, also when React drew "loading" and "idle" in one go and so told of neither.
  // biome-ignore lint/correctness/useExhaustiveDependencies: loadedAtMs is that signal
  useEffect(() => {
    if (!isOn || !isIdle) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const refresh = async () => {
      clearTimeout(timer);
      if (document.visibilityState !== 'visible') return;
      // A refresh that cannot be answered would put an error in the page's place.
      const answers = await isServerReachable();
      if (isOver) return;
      setReachable(answers);
      if (!answers || mustWait.current) {
        timer = setTimeout(refresh, everyMs);
        return;
      }
      isDue.current = false;
      refreshedAtMs.current = performance.now();
      revalidate();
    };
    const wait = () => {
      clearTimeout(timer);
      const soonMs = Math.max(GATHER_MS, LEAST_GAP_MS - (performance.now() - refreshedAtMs.current));
      timer = setTimeout(refresh, isDue.current ? soonMs : isLive ? NET_MS : everyMs);
    };
    wait();
    hurry.current = wait;
    document.addEventListener('visibilitychange', refresh);
    return () => {
      isOver = true;
      hurry.current = undefined;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [isOn, isIdle, isLive, loadedAtMs, everyMs, revalidate]);
  return { isReachable, isLive };
}
