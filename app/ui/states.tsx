import { CircleAlert, type LucideIcon, RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import type { PageError } from '../page-error.ts';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { CopyableId } from './copy.tsx';

/** Nothing here, why, and what to do about it. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center px-6 py-9 text-center">
      <span className="mb-3 grid size-9 place-items-center rounded-lg border border-line bg-sunken text-faint">
        <Icon aria-hidden className="size-4" />
      </span>
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="mt-1 max-w-md text-muted">{children}</div>}
      {action !== undefined && <div className="mt-4">{action}</div>}
    </div>
  );
}

/** What failed, in the API's own words, with the errorId that the log line carries too. */
export function ErrorState({ error, heading = 'h1' }: { error: PageError; heading?: 'h1' | 'h2' }) {
  const Heading = heading;
  return (
    <div role="alert" className="mx-auto my-10 max-w-xl rounded-lg border border-line bg-surface p-5 shadow-card">
      <div className="flex items-start gap-3">
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
        <div className="min-w-0 flex-1">
          <Heading className="font-semibold text-base">{error.title}</Heading>
          <p className="mt-1 break-words text-muted">{error.message}</p>
          <dl className="mt-3 flex flex-wrap gap-x-6 gap-y-2 text-xs">
            <div>
              <dt className="text-faint">Code</dt>
              <dd className="font-mono">{error.code}</dd>
            </div>
            {error.errorId !== null && (
              <div>
                <dt className="text-faint">Error id</dt>
                <dd>
                  <CopyableId id={error.errorId} what="error id" whole />
                </dd>
              </div>
            )}
          </dl>
          <Button className="no-print mt-4" size="sm" onClick={() => window.location.reload()}>
            <RotateCw aria-hidden /> Try again
          </Button>
        </div>
      </div>
    </div>
  );
}

/** Grey bars in the shape of what is loading. */
export function Skeleton({ rows = 5, className }: { rows?: number; className?: string }) {
  return (
    <div role="status" className={cn('space-y-2 p-4', className)}>
      <span className="sr-only">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without identity
        <div key={row} className="h-7 animate-pulse rounded bg-sunken" style={{ width: `${100 - (row % 3) * 9}%` }} />
      ))}
    </div>
  );
}
