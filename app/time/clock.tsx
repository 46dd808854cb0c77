// Ages are counted from the server's clock: the value rendered on the server is the value hydrated with, and
// only after that does the browser count on. A browser whose clock is wrong still shows right ages.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';

interface Clock {
  /** What the server rendered with. */
  initialMs: number;
  nowMs: number;
  listeners: Set<() => void>;
}
const makeClock = (ms: number): Clock => ({ initialMs: ms, nowMs: ms, listeners: new Set() });
const ClockContext = createContext({ clock: makeClock(0), zone: 'UTC' });

/** How often ages on the page are counted on, in milliseconds. */
const TICK_MS = 1_000;

/** Gives everything below it the current time (by the server) and the zone that the person chose. */
export function ClockProvider({
  serverNowMs,
  zone,
  children,
}: {
  serverNowMs: number;
  zone: string;
  children: ReactNode;
}) {
  const [clock] = useState(() => makeClock(serverNowMs));
  useEffect(() => {
    const skewMs = serverNowMs - Date.now();
    const tick = () => {
      if (document.visibilityState !== 'visible') return;
      clock.nowMs = Date.now() + skewMs;
      for (const listener of clock.listeners) listener();
    };
    tick();
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [clock, serverNowMs]);
  const value = useMemo(() => ({ clock, zone }), [clock, zone]);
  return <ClockContext.Provider value={value}>{children}</ClockContext.Provider>;
}

/**
 * What `select` makes of the current time, by the server's clock. The component renders again only when that
 * changes: of a thousand ages on a page those of an hour ago are not drawn anew each second.
 */
export function useClock<T extends string | number | boolean>(select: (nowMs: number) => T): T {
  const { clock } = useContext(ClockContext);
  return useSyncExternalStore(
    (listener) => {
      clock.listeners.add(listener);
      return () => clock.listeners.delete(listener);
    },
    () => select(clock.nowMs),
    () => select(clock.initialMs),
  );
}

/** The IANA zone in which instants are shown. */
export const useZone = (): string => useContext(ClockContext).zone;
