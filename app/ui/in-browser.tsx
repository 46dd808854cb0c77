import { type ReactNode, Suspense, useEffect, useState } from 'react';
import { Skeleton } from './states.tsx';

/** For drawings, whose code is large and needs the size of its box: they come after the page, and never on the server. */
export function InBrowser({ children }: { children: ReactNode }) {
  const [isInBrowser, setInBrowser] = useState(false);
  useEffect(() => setInBrowser(true), []);
  const waiting = <Skeleton rows={4} />;
  return isInBrowser ? <Suspense fallback={waiting}>{children}</Suspense> : waiting;
}
