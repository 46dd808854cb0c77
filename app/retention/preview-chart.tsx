import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { RetentionPreview } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { toBars } from './days.ts';
import { CLASSES, classLook } from './words.ts';

const TICK = { fill: 'var(--faint)', fontSize: 11 } as const;
const short = (n: number) => (n >= 10_000 ? `${Math.round(n / 1_000)}k` : count(n));

/** Rows that would go, by the UTC day of recording, one colour per class. */
export default function PreviewChart({ classes }: { classes: RetentionPreview['classes'] }) {
  const bars = toBars(classes);
  const range = new Map(bars.map(({ from, to }) => [from, from === to ? from : `${from} to ${to}`]));
  return (
    <figure aria-label="Rows that would be deleted, by day of recording">
      <figcaption className="mb-1 flex flex-wrap justify-between gap-x-3 text-muted text-xs">
        <span>By day of recording, UTC</span>
        <span className="flex flex-wrap gap-x-2.5">
          {CLASSES.map((name) => (
            <span key={name} className="flex items-center gap-1">
              <span aria-hidden className="size-2 rounded-xs" style={{ background: classLook[name].colour }} />
              {classLook[name].label}
            </span>
          ))}
        </span>
      </figcaption>
      <div className="h-36">
        <ResponsiveContainer width="100%" height="100%">
          <BarChart data={bars} margin={{ top: 6, right: 4, bottom: 0, left: 0 }} barCategoryGap={1}>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis dataKey="from" tick={TICK} stroke="var(--line-strong)" minTickGap={32} />
            <YAxis width={48} tickFormatter={short} tick={TICK} stroke="none" allowDecimals={false} tickCount={4} />
            <Tooltip
              isAnimationActive={false}
              labelFormatter={(from) => range.get(String(from)) ?? String(from)}
              formatter={(value, name) => [`${count(Number(value))} rows`, name]}
              contentStyle={{
                background: 'var(--surface)',
                border: '1px solid var(--line)',
                borderRadius: 8,
                fontSize: 12,
              }}
              labelStyle={{ color: 'var(--muted)' }}
              itemStyle={{ color: 'var(--ink)', padding: 0 }}
              cursor={{ fill: 'var(--hover)' }}
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
        </ResponsiveContainer>
      </div>
    </figure>
  );
}
