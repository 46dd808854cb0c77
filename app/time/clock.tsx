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
const ClockContext = createContext({ clock: makeClock(0), zone: 'UTC', chosen: 'UTC' });

/** The choice "each schedule's own zone", in the place of a zone's name. */
export const SCHEDULE_ZONE = 'schedule';

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
  // What belongs to no schedule has no zone of its own.
  const value = useMemo(() => ({ clock, zone: zone === SCHEDULE_ZONE ? 'UTC' : zone, chosen: zone }), [clock, zone]);
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

/** The IANA zone in which instants are shown here. */
export const useZone = (): string => useContext(ClockContext).zone;

/** What the person chose: a zone's name, or SCHEDULE_ZONE. */
export const useChosenZone = (): string => useContext(ClockContext).chosen;

/** Around what belongs to one schedule: its instants are in that schedule's zone, for who chose so. */
export function InScheduleZone({ zone, children }: { zone: string | null; children: ReactNode }) {
  const outer = useContext(ClockContext);
  const isOwn = outer.chosen === SCHEDULE_ZONE && zone !== null;
  const value = useMemo(() => (isOwn ? { ...outer, zone } : outer), [outer, isOwn, zone]);
  return <ClockContext.Provider value={value}>{children}</ClockContext.Provider>;
}
