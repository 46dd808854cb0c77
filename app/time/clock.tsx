// Ages are counted from the server's clock: the value rendered on the server is the value hydrated with, and
// only after that does the browser count on. A browser whose clock is wrong still shows right ages.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

interface Clock {
  nowMs: number;
  zone: string;
}
const ClockContext = createContext<Clock>({ nowMs: 0, zone: 'UTC' });

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
  const [nowMs, setNowMs] = useState(serverNowMs);
  useEffect(() => {
    const skewMs = serverNowMs - Date.now();
    setNowMs(serverNowMs);
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNowMs(Date.now() + skewMs);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [serverNowMs]);
  const value = useMemo(() => ({ nowMs, zone }), [nowMs, zone]);
  return <ClockContext.Provider value={value}>{children}</ClockContext.Provider>;
}

/** The current time by the server's clock, in milliseconds since the epoch; moves once a second. */
export const useNowMs = (): number => useContext(ClockContext).nowMs;
/** The IANA zone in which instants are shown. */
export const useZone = (): string => useContext(ClockContext).zone;
