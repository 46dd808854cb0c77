import type { ReactElement } from 'react';
import { CartesianGrid, Line, LineChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { ModelVersion, ModelVersionDetail } from '#server/web/index.ts';
import { fixed } from './words.ts';

const GRID = { stroke: 'var(--line)' } as const;
const TICK = { fill: 'var(--faint)', fontSize: 11 } as const;
const MARGIN = { top: 6, right: 8, bottom: 0, left: 0 };
const TIP = {
  isAnimationActive: false,
  contentStyle: { background: 'var(--surface)', border: '1px solid var(--line)', borderRadius: 8, fontSize: 12 },
  labelStyle: { color: 'var(--muted)' },
  itemStyle: { color: 'var(--ink)', padding: 0 },
} as const;
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

function Figure({ title, marks, children }: { title: string; marks: [string, string][]; children: ReactElement }) {
  return (
    <figure className="min-w-0" aria-label={title}>
      <figcaption className="mb-1 flex items-center justify-between gap-2 text-muted text-xs">
        <span className="font-medium">{title}</span>
        <span className="flex gap-2.5">
          {marks.map(([name, colour]) => (
            <span key={name} className="flex items-center gap-1">
              <span aria-hidden className="h-0.5 w-3" style={{ background: colour }} />
              {name}
            </span>
          ))}
        </span>
      </figcaption>
      <div className={title.startsWith('Log') ? 'h-44' : 'h-56'}>
        <ResponsiveContainer width="100%" height="100%">
          {children}
        </ResponsiveContainer>
      </div>
    </figure>
  );
}
