import { Link, useSearchParams } from '@remix-run/react';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { PAGE_SIZES } from './page-size.ts';

interface PaginationProps {
  nextCursor: string | null;
  shown: number;
  what: string;
  /** Where the loader heeds `?rows=`: offers longer pages. */
  isSized?: boolean;
}

/** Pages by cursor: forward by the answer's cursor, back to the first. The state is `?cursor=` and `?rows=`. */
export function Pagination({ nextCursor, shown, what, isSized = false }: PaginationProps) {
  const [params] = useSearchParams();
  const isLater = params.has('cursor');
  const hasSizes = isSized && (nextCursor !== null || shown > PAGE_SIZES[0]);
  if (!isLater && nextCursor === null && !hasSizes) return null;
  const first = new URLSearchParams(params);
  first.delete('cursor');
  const next = new URLSearchParams(params);
  if (nextCursor !== null) next.set('cursor', nextCursor);
  return (
    <nav
      aria-label={`Pages of ${what}`}
      className="no-print flex flex-wrap items-center justify-between gap-2 border-line border-t px-4 py-2"
    >
      <span className="tabular text-faint text-xs">
        {shown} {what} on this page
      </span>
      {hasSizes && <Sizes what={what} />}
      <div className="flex gap-2">
        {isLater && (
          <Button asChild size="sm">
            <Link to={`?${first}`}>
              <ChevronLeft aria-hidden /> First page
            </Link>
          </Button>
        )}
        {nextCursor !== null && (
          <Button asChild size="sm">
            <Link to={`?${next}`}>
              Next <ChevronRight aria-hidden />
            </Link>
          </Button>
        )}
      </div>
    </nav>
  );
}

function Sizes({ what }: { what: string }) {
  const [params] = useSearchParams();
  const current = Number(params.get('rows')) || PAGE_SIZES[0];
  return (
    <span className="flex items-center gap-1 text-faint text-xs">
      Rows
      {PAGE_SIZES.map((size) => {
        const sized = new URLSearchParams(params);
        sized.set('rows', String(size));
        return (
          <Link
            key={size}
            to={`?${sized}`}
            preventScrollReset
            aria-label={`${size} ${what} on a page`}
            aria-current={size === current ? 'true' : undefined}
            className={cn(
              'tabular rounded px-1.5 py-0.5',
              size === current ? 'bg-idle-soft text-ink' : 'hover:bg-hover hover:text-ink',
            )}
          >
            {size}
          </Link>
        );
      })}
    </span>
  );
}
