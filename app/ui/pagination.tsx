import { Link, useSearchParams } from '@remix-run/react';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { Button } from './button.tsx';

/** Pages by cursor: forward by the answer's cursor, back to the first. The state is `?cursor=`. */
export function Pagination({ nextCursor, shown, what }: { nextCursor: string | null; shown: number; what: string }) {
  const [params] = useSearchParams();
  const isLater = params.has('cursor');
  if (!isLater && nextCursor === null) return null;
  const first = new URLSearchParams(params);
  first.delete('cursor');
  const next = new URLSearchParams(params);
  if (nextCursor !== null) next.set('cursor', nextCursor);
  return (
    <nav
      aria-label={`Pages of ${what}`}
      className="no-print flex items-center justify-between gap-2 border-line border-t px-4 py-2"
    >
      <span className="tabular text-faint text-xs">
        {shown} {what} on this page
      </span>
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
