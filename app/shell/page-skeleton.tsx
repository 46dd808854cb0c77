import { useLocation, useNavigation } from '@remix-run/react';
import { type ReactNode, useEffect, useState } from 'react';
import { Skeleton } from '../ui/states.tsx';

/** A page that comes sooner is not worth an outline of it, in milliseconds. */
const PATIENCE_MS = 400;

/** The view that an address belongs to: `/data/runs/…` is all one. */
const viewOf = (pathname: string) => pathname.split('/').slice(0, 3).join('/');

/** The page, or the outline of one while another view takes its time. A tab of the same view keeps its frame. */
export function PageOrSkeleton({ children }: { children: ReactNode }) {
  const { state, location: next } = useNavigation();
  const { pathname } = useLocation();
  const isLeaving = state === 'loading' && next !== undefined && viewOf(next.pathname) !== viewOf(pathname);
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    if (!isLeaving) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isLeaving]);
  if (!isLeaving || !isSlow) return children;
  return (
    <>
      <div className="mb-4 h-7 w-44 animate-pulse rounded bg-idle-soft" />
      <div className="rounded-lg border border-line bg-surface shadow-card">
        <Skeleton rows={9} />
      </div>
    </>
  );
}
