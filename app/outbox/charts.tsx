import type { ReactElement } from 'react';
import {
  Area,
  AreaChart,
  Bar,
  BarChart,
  CartesianGrid,
  type DotItemDotProps,
  Line,
  LineChart,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { OutboxPoint } from '#server/web/index.ts';
import { useZone } from '../time/clock.tsx';
import { clockTime, count, counted, duration, exactTime, toMs } from '../time/format.ts';
import { Figure, GRID, MARGIN, TICK, TIP } from '../ui/figure.tsx';

interface ChartsProps {
  stepSeconds: number;
  points: OutboxPoint[];
}

const STILL = { isAnimationActive: false, dot: false, connectNulls: false, strokeWidth: 1.75 } as const;

/** `12k`, so that the axis stays narrow. */
const short = (n: number) => (n >= 10_000 ? `${Math.round(n / 1_000)}k` : count(Math.round(n * 10) / 10));

/** Wide enough for `10 min 50 s`, which stays on its line. */
const AGE_AXIS_PX = 68;
const onOneLine = (ms: number) => duration(ms).replaceAll(' ', '\u00a0');

/** Three drawings over one time axis. In a gap of the first nobody looked; in one of the last nothing was published. */
export default function Charts({ stepSeconds, points }: ChartsProps) {
  const rows = points.map((point) => ({
    ...point,
    ms: toMs(point.at),
    perSecond: Math.round((100 * point.published) / stepSeconds) / 100,
  }));
  const frame = useFrame();
  return (
    <div className="grid gap-x-6 gap-y-4 md:grid-cols-3">
      <Figure
        title="Backlog"
        marks={[
          ['Waiting', 'var(--busy-solid)'],
          ['Failed', 'var(--bad-solid)'],
        ]}
      >
        <AreaChart data={rows} margin={MARGIN}>
          <CartesianGrid {...GRID} vertical={false} />
          {frame(short, (n) => counted(n, 'event'))}
          <Area
            {...STILL}
            type="stepAfter"
            dataKey="pending"
            name="Waiting"
            stroke="var(--busy-solid)"
            fill="var(--busy-soft)"
          />
          <Area
            {...STILL}
            type="stepAfter"
            dataKey="failed"
            name="Failed"
            stroke="var(--bad-solid)"
            fill="none"
            strokeDasharray="4 2"
          />
        </AreaChart>
      </Figure>
      <Figure title="Published per second" marks={[]}>
        <BarChart data={rows} margin={MARGIN} barCategoryGap={1}>
          <CartesianGrid {...GRID} vertical={false} />
          {frame(short, (n) => `${n} a second`)}
          <Bar isAnimationActive={false} dataKey="perSecond" name="Published" fill="var(--ok-solid)" />
        </BarChart>
      </Figure>
      <Figure
        title="Age at publish"
        marks={[
          ['p50', 'var(--ok-solid)'],
          ['p95', 'var(--warn-solid)'],
          ['p99', 'var(--held-solid)'],
        ]}
      >
        <LineChart data={rows} margin={MARGIN}>
          <CartesianGrid {...GRID} vertical={false} />
          {frame(onOneLine, duration, AGE_AXIS_PX)}
          <Line {...STILL} dot={loneDot} dataKey="ageP50Ms" name="p50" stroke="var(--ok-solid)" />
          <Line
            {...STILL}
            dot={loneDot}
            dataKey="ageP95Ms"
            name="p95"
            stroke="var(--warn-solid)"
            strokeDasharray="6 2"
          />
          <Line
            {...STILL}
            dot={loneDot}
            dataKey="ageP99Ms"
            name="p99"
            stroke="var(--held-solid)"
            strokeDasharray="2 2"
          />
        </LineChart>
      </Figure>
    </div>
  );
}

/** A point between two gaps has no line to be seen by. The other ages are null where one is. */
function loneDot({ key, cx, cy, index, points, stroke }: DotItemDotProps): ReactElement {
  const isGap = (at: number) => points[at]?.payload?.ageP50Ms == null;
  return isGap(index) || !isGap(index - 1) || !isGap(index + 1) ? (
    <g key={key} />
  ) : (
    <circle key={key} cx={cx} cy={cy} r={2} fill={stroke} />
  );
}

/** What the three share: the time axis in the person's zone, the value axis and the box under the pointer. */
function useFrame() {
  const zone = useZone();
  return (axis: (n: number) => string, words: (n: number) => string, axisPx = 52) => [
    <XAxis
      key="x"
      dataKey="ms"
      type="number"
      scale="time"
      domain={['dataMin', 'dataMax']}
      tickFormatter={(ms: number) => clockTime(Math.floor(ms / 60_000) * 60_000, zone)}
      tick={TICK}
      stroke="var(--line-strong)"
      tickCount={4}
      minTickGap={24}
    />,
    <YAxis key="y" width={axisPx} tickFormatter={axis} tick={TICK} stroke="none" allowDecimals={false} tickCount={4} />,
    <Tooltip
      key="tip"
      {...TIP}
      labelFormatter={(ms) => `${exactTime(Number(ms), zone)} ${zone}`}
      formatter={(value, name) => [words(Number(value)), name]}
    />,
  ];
}
