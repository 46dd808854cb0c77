import { Link, useSearchParams } from '@remix-run/react';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { ReactNode, Ref } from 'react';
import { cn } from './cn.ts';

interface TableProps {
  label: string;
  children: ReactNode;
  className?: string;
  /** Columns as wide as they say and not as their content asks; give the least width of the whole. */
  fixed?: string;
  /** Rows with the head, where not all of them are drawn. */
  rowCount?: number;
}

/**
 * A table that keeps its head in view on a wide screen and scrolls sideways inside its card on a narrow one (a box
 * that scrolls sideways cannot also let its head stick to the page). `label` is read out as its name.
 */
export function Table({ label, children, className, fixed, rowCount }: TableProps) {
  const box = cn('relative overflow-x-auto rounded-b-lg xl:overflow-visible', className);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={box} tabIndex={0} aria-label={label}>
      <table
        aria-rowcount={rowCount}
        className={cn(
          'w-full border-separate border-spacing-0 text-left',
          fixed !== undefined && ['table-fixed', fixed],
        )}
      >
        {children}
      </table>
    </section>
  );
}

export const Head = ({ children }: { children: ReactNode }) => (
  <thead className="sticky top-0 z-10 bg-surface">
    <tr>{children}</tr>
  </thead>
);

type Align = 'left' | 'right';

interface ColumnProps {
  children?: ReactNode;
  align?: Align;
  className?: string;
  /** The key under which this column sorts; the state is `?sort=key` or `?sort=-key`. */
  sort?: string;
}

export function Column({ children, align = 'left', className, sort }: ColumnProps) {
  const [params] = useSearchParams();
  const current = params.get('sort');
  const direction = sort === undefined ? null : current === sort ? 'up' : current === `-${sort}` ? 'down' : null;
  const style = cn(
    'h-8 whitespace-nowrap border-line border-b px-3 font-medium max-sm:px-2 text-faint text-xs first:rounded-tl-lg first:pl-4 last:rounded-tr-lg last:pr-4',
    align === 'right' && 'text-right',
    className,
  );
  if (sort === undefined)
    return (
      <th scope="col" className={style}>
        {children}
      </th>
    );
  const next = new URLSearchParams(params);
  next.set('sort', direction === 'up' ? `-${sort}` : sort);
  next.delete('cursor');
  return (
    <th
      scope="col"
      className={style}
      aria-sort={direction === 'up' ? 'ascending' : direction === 'down' ? 'descending' : 'none'}
    >
      <Link to={`?${next}`} preventScrollReset className="inline-flex items-center gap-1 hover:text-ink">
        {children}
        {direction === 'up' && <ArrowUp aria-hidden className="size-3" />}
        {direction === 'down' && <ArrowDown aria-hidden className="size-3" />}
      </Link>
    </th>
  );
}

interface RowProps {
  children: ReactNode;
  className?: string;
  /** Where it stands in a list of which only a part is drawn. */
  place?: { ref?: Ref<HTMLTableRowElement>; index: number };
}

export const Row = ({ children, className, place }: RowProps) => (
  <tr
    ref={place?.ref}
    data-index={place?.index}
    aria-rowindex={place && place.index + 2}
    className={cn('group/row hover:bg-hover', className)}
  >
    {children}
  </tr>
);

export function Cell({
  children,
  align = 'left',
  className,
  colSpan,
}: {
  children?: ReactNode;
  align?: Align;
  className?: string;
  colSpan?: number;
}) {
  return (
    <td
      colSpan={colSpan}
      className={cn(
        'border-line border-b px-3 py-2 align-middle max-sm:px-2 group-last/row:border-b-0 first:pl-4 last:pr-4',
        align === 'right' && 'text-right',
        className,
      )}
    >
      {children}
    </td>
  );
}
