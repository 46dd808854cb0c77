import { useSyncExternalStore } from 'react';

/** Where tables become cards; Tailwind's `md`. */
const WIDE = '(min-width: 768px)';

const subscribe = (listener: () => void) => {
  const query = window.matchMedia(WIDE);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};

/**
 * Whether there is room for a table. Null on the server and at hydration: then both forms are drawn and the style
 * sheet shows the one that fits; afterwards the other need not be kept.
 */
export const useWide = (): boolean | null =>
  useSyncExternalStore<boolean | null>(
    subscribe,
    () => window.matchMedia(WIDE).matches,
    () => null,
  );
