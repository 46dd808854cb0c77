import { Fragment, lazy, type ReactNode, type Ref, Suspense, useSyncExternalStore } from 'react';

/** Loaded only where a list is long. */
const VirtualRows = lazy(() => import('./virtual-rows.tsx')) as <T>(props: LongRowsProps<T>) => ReactNode;

/** Lists up to this long are drawn whole: drawing parts of them saves nothing. */
const SHORT = 40;
export interface LongRowsProps<T> {
  items: T[];
  keyOf: (item: T) => string;
  /** Height of a row before it was measured, in pixels. */
  estimatePx: number;
  /** For the spacers: all of the table's columns. */
  columns: number;
  /** Draws one row; hand `ref` and `index` to its `tr`. */
  row: (item: T, place: { ref?: Ref<HTMLTableRowElement>; index: number }) => ReactNode;
}

const subscribeToPrint = (listener: () => void) => {
  const query = window.matchMedia('print');
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};
/** On paper there is no scrolling: everything is drawn. On the server too, for who has no scripts. */
const useWhole = (): boolean =>
  useSyncExternalStore(
    subscribeToPrint,
    () => window.matchMedia('print').matches,
    () => true,
  );

/** The rows of a table of any length, of which only those near the screen are in the document. */
export function LongRows<T>(props: LongRowsProps<T>) {
  const isWhole = useWhole();
  if (isWhole || props.items.length <= SHORT) return <WholeRows {...props} />;
  return (
    <Suspense fallback={<WholeRows {...props} />}>
      <VirtualRows {...props} />
    </Suspense>
  );
}

function WholeRows<T>({ items, keyOf, row }: LongRowsProps<T>) {
  return (
    <tbody>
      {items.map((item, index) => (
        <Fragment key={keyOf(item)}>{row(item, { index })}</Fragment>
      ))}
    </tbody>
  );
}
