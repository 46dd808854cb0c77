import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts';
import type { RetentionPreview } from '#server/web/index.ts';
import { count, counted } from '../time/format.ts';
import { Figure, GRID, MARGIN, TICK, TIP } from '../ui/figure.tsx';
import { toBars } from './days.ts';
import { CLASSES, classLook } from './words.ts';

const short = (n: number) => (n >= 10_000 ? `${Math.round(n / 1_000)}k` : count(n));

/** Rows that would go, by the UTC day of recording, one colour per class. */
export default function PreviewChart({ classes }: { classes: RetentionPreview['classes'] }) {
  const bars = toBars(classes);
  const range = new Map(bars.map(({ from, to }) => [from, from === to ? from : `${from} to ${to}`]));
  return (
    <Figure
      title="By day of recording, UTC"
      label="Rows that would be deleted, by day of recording"
      marks={CLASSES.map((name) => [classLook[name].label, classLook[name].colour] as const)}
    >
      <BarChart data={bars} margin={MARGIN} barCategoryGap={1}>
        <CartesianGrid {...GRID} vertical={false} />
        <XAxis dataKey="from" tick={TICK} stroke="var(--line-strong)" minTickGap={32} />
        <YAxis width={48} tickFormatter={short} tick={TICK} stroke="none" allowDecimals={false} tickCount={4} />
        <Tooltip
          {...TIP}
          labelFormatter={(from) => range.get(String(from)) ?? String(from)}
          formatter={(value, name) => [counted(Number(value), 'row'), name]}
        />
        {CLASSES.map((name) => (
          <Bar
            key={name}
            isAnimationActive={false}
            stackId="rows"
            maxBarSize={32}
            dataKey={name}
            name={classLook[name].label}
            fill={classLook[name].colour}
          />
        ))}
      </BarChart>
    </Figure>
  );
}
