import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { Fragment, useLayoutEffect, useRef, useState } from 'react';
import type { LongRowsProps } from './long-rows.tsx';

/** Rows drawn beyond the edges of the screen, so that scrolling meets no gap. */
const OVERSCAN = 12;

/** The rows near the screen, between spacers as high as the others. */
export default function VirtualRows<T>({ items, keyOf, estimatePx, columns, row }: LongRowsProps<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [topPx, setTopPx] = useState(0);
  useLayoutEffect(() => {
    const measure = () => body.current && setTopPx(body.current.getBoundingClientRect().top + window.scrollY);
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => estimatePx,
    overscan: OVERSCAN,
    scrollMargin: topPx,
    getItemKey: (index) => keyOf(items[index]!),
    // Before the first measurement a screenful stands, and not an empty table.
    initialRect: { width: 0, height: 900 },
  });
  const shown = virtualizer.getVirtualItems();
  const first = shown[0];
  const last = shown.at(-1);
  const above = first ? first.start - topPx : 0;
  const below = last ? virtualizer.getTotalSize() - (last.end - topPx) : 0;
  return (
    <tbody ref={body}>
      <Spacer heightPx={above} columns={columns} />
      {shown.map(({ index, key }) => {
        const item = items[index];
        return item === undefined ? null : (
          <Fragment key={key}>{row(item, { ref: virtualizer.measureElement, index })}</Fragment>
        );
      })}
      <Spacer heightPx={below} columns={columns} />
    </tbody>
  );
}

function Spacer({ heightPx, columns }: { heightPx: number; columns: number }) {
  if (heightPx <= 0) return null;
  return (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height: heightPx }} />
    </tr>
  );
}
