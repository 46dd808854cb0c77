import { Link, useSearchParams } from '@remix-run/react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';

interface ListCardProps {
  title: string;
  /** The name that the address has for "also what is over": `?<name>=all`. */
  name: string;
  isAll: boolean;
  /** What the link says that goes to all, and back. */
  toAll: string;
  toOpen: string;
  /** What can be added. */
  aside: ReactNode;
  empty: { icon: LucideIcon; title: string; words: string };
  shown: number;
  hasMore: boolean;
  /** The table's head and body. */
  children: ReactNode;
}

/** A list of what is open, or of all that ever was. */
export function ListCard({ title, name, isAll, toAll, toOpen, aside, empty, shown, hasMore, children }: ListCardProps) {
  const [params] = useSearchParams();
  // The other list of the page stays as it is.
  const next = new URLSearchParams(params);
  if (isAll) next.delete(name);
  else next.set(name, 'all');
  return (
    <Card
      title={title}
      flush
      aside={
        <>
          <Button asChild size="sm" look="quiet">
            <Link to={`?${next}`} preventScrollReset>
              {isAll ? toOpen : toAll}
            </Link>
          </Button>
          {aside}
        </>
      }
    >
      {shown === 0 ? (
        <EmptyState icon={empty.icon} title={empty.title}>
          {empty.words}
        </EmptyState>
      ) : (
        <Table label={title}>{children}</Table>
      )}
      {hasMore && (
        <p className="border-line border-t px-4 py-2 text-faint text-xs">
          The newest {shown} are shown; the API lists all of them.
        </p>
      )}
    </Card>
  );
}
