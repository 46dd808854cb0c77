import { lazy } from 'react';
import type { ModelVersion, ModelVersionDetail } from '#server/web/index.ts';
import { InBrowser } from '../ui/in-browser.tsx';

const Curves = lazy(() => import('./charts.tsx').then(({ Curves: default_ }) => ({ default: default_ })));
const OverTime = lazy(() => import('./charts.tsx').then(({ OverTime: default_ }) => ({ default: default_ })));

type ChartBoxProps = { words: string } & (
  | { kind: 'curves'; curves: NonNullable<ModelVersionDetail['curves']> }
  | { kind: 'over-time'; versions: ModelVersion[] }
);

/** `words` say the same to those who cannot look at it. */
export const ChartBox = ({ words, ...chart }: ChartBoxProps) => (
  <div className="mt-4">
    <p className="sr-only">{words}</p>
    <div className={chart.kind === 'curves' ? 'min-h-[33rem] md:min-h-[16rem]' : 'min-h-[13rem]'}>
      <InBrowser>
        {chart.kind === 'curves' ? <Curves curves={chart.curves} /> : <OverTime versions={chart.versions} />}
      </InBrowser>
    </div>
  </div>
);
