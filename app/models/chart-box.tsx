import { lazy, Suspense, useEffect, useState } from 'react';
import type { ModelVersion, ModelVersionDetail } from '#server/web/index.ts';
import { Skeleton } from '../ui/states.tsx';

// The drawing code is large and needs the size of its box: it comes after the page, and never on the server.
const Curves = lazy(() => import('./charts.tsx').then(({ Curves: default_ }) => ({ default: default_ })));
const OverTime = lazy(() => import('./charts.tsx').then(({ OverTime: default_ }) => ({ default: default_ })));

type ChartBoxProps = { words: string } & (
  | { kind: 'curves'; curves: NonNullable<ModelVersionDetail['curves']> }
  | { kind: 'over-time'; versions: ModelVersion[] }
);

/** `words` say the same to those who cannot look at it. */
export function ChartBox({ words, ...chart }: ChartBoxProps) {
  const [isInBrowser, setInBrowser] = useState(false);
  useEffect(() => setInBrowser(true), []);
  return (
    <div className="mt-4">
      <p className="sr-only">{words}</p>
      <div className={chart.kind === 'curves' ? 'min-h-[33rem] md:min-h-[16rem]' : 'min-h-[13rem]'}>
        {isInBrowser ? (
          <Suspense fallback={<Skeleton rows={4} />}>
            {chart.kind === 'curves' ? <Curves curves={chart.curves} /> : <OverTime versions={chart.versions} />}
          </Suspense>
        ) : (
          <Skeleton rows={4} />
        )}
      </div>
    </div>
  );
}
