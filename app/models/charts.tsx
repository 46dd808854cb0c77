import { CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import type { ModelVersion, ModelVersionDetail } from '#server/web/index.ts';
import { Figure, GRID, MARGIN, TICK, TIP } from '../ui/figure.tsx';
import { fixed } from './words.ts';

const CHANCE = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
] as const;
const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** The ROC curve and the calibration, each beside what one would have who knew nothing. */
export function Curves({ curves }: { curves: NonNullable<ModelVersionDetail['curves']> }) {
  return (
    <div className="grid gap-x-6 gap-y-4 md:grid-cols-2">
      <Square
        title="ROC curve"
        axes={['False positives', 'True positives']}
        rest="chance"
        points={curves.roc.map(({ falsePositives, truePositives }) => ({ x: falsePositives, y: truePositives }))}
      />
      <Square
        title="Calibration"
        axes={['Probability said', 'Share seen']}
        rest="exact"
        hasDots
        points={curves.calibration.map(({ predicted, observed }) => ({ x: predicted, y: observed }))}
      />
    </div>
  );
}

interface SquareProps {
  title: string;
  axes: [string, string];
  rest: string;
  hasDots?: boolean;
  points: { x: number; y: number }[];
}

function Square({ title, axes: [across, up], rest, hasDots = false, points }: SquareProps) {
  const share = (value: number) => fixed(value, 2);
  return (
    <Figure
      title={title}
      height="h-56"
      marks={[
        ['this version', 'var(--busy-solid)'],
        [rest, 'var(--faint)'],
      ]}
    >
      <LineChart data={points} margin={{ ...MARGIN, bottom: 14 }}>
        <CartesianGrid {...GRID} />
        <XAxis
          dataKey="x"
          type="number"
          domain={[0, 1]}
          ticks={SHARES}
          tickFormatter={share}
          tick={TICK}
          stroke="var(--line-strong)"
          label={{ value: across, position: 'insideBottom', offset: -10, fill: 'var(--faint)', fontSize: 11 }}
        />
        <YAxis width={40} domain={[0, 1]} ticks={SHARES} tickFormatter={share} tick={TICK} stroke="none" />
        <ReferenceLine segment={CHANCE} stroke="var(--faint)" strokeDasharray="4 3" />
        <Tooltip
          {...TIP}
          labelFormatter={(x) => `${across} ${share(Number(x))}`}
          formatter={(value) => [share(Number(value)), up]}
        />
        <Line
          isAnimationActive={false}
          dataKey="y"
          name={up}
          stroke="var(--busy-solid)"
          strokeWidth={1.75}
          dot={hasDots ? { r: 3, fill: 'var(--busy-solid)', strokeWidth: 0 } : false}
        />
      </LineChart>
    </Figure>
  );
}

/** Log loss by version beside the majority class's. */
export function OverTime({ versions }: { versions: ModelVersion[] }) {
  const rows = versions
    .filter(({ metrics }) => metrics !== null)
    .map(({ version, metrics }) => ({ version, logLoss: metrics?.logLoss, baseline: metrics?.baseline.logLoss }))
    .reverse();
  return (
    <Figure
      title="Log loss by version"
      height="h-44"
      marks={[
        ['version', 'var(--busy-solid)'],
        ['majority class', 'var(--held-solid)'],
      ]}
    >
      <LineChart data={rows} margin={MARGIN}>
        <CartesianGrid {...GRID} vertical={false} />
        <XAxis dataKey="version" tick={TICK} stroke="var(--line-strong)" minTickGap={16} />
        <YAxis
          width={48}
          domain={[(low: number) => low * 0.98, (high: number) => high * 1.02]}
          tickFormatter={(value: number) => fixed(value, 2)}
          tick={TICK}
          stroke="none"
          tickCount={4}
        />
        <Tooltip
          {...TIP}
          labelFormatter={(version) => `Version ${version}`}
          formatter={(value, name) => [fixed(Number(value), 4), name]}
        />
        <Line
          isAnimationActive={false}
          dataKey="logLoss"
          name="Version"
          stroke="var(--busy-solid)"
          strokeWidth={1.75}
          dot={{ r: 2.5 }}
        />
        <Line
          isAnimationActive={false}
          dataKey="baseline"
          name="Majority class"
          stroke="var(--held-solid)"
          strokeDasharray="4 3"
          strokeWidth={1.75}
          dot={false}
        />
      </LineChart>
    </Figure>
  );
}
