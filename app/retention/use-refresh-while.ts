import { useRevalidator } from '@remix-run/react';
import { useEffect, useRef } from 'react';

const EVERY_MS = 2_000;

/** Asks the page's loaders again every two seconds while something is under way that the live channel does not tell of. */
export function useRefreshWhile(isBusy: boolean): void {
  const { revalidate, state } = useRevalidator();
  const ask = useRef(() => {});
  ask.current = () => {
    if (state === 'idle' && document.visibilityState === 'visible') void revalidate();
  };
  useEffect(() => {
    if (!isBusy) return;
    const timer = setInterval(() => ask.current(), EVERY_MS);
    return () => clearInterval(timer);
  }, [isBusy]);
}
