// What drawings have in common. Import it only from what is loaded by InBrowser: the drawing code is large.
import { cloneElement, type ReactElement } from 'react';
import { ResponsiveContainer } from 'recharts';
import { cn } from './cn.ts';

export const GRID = { stroke: 'var(--line)' } as const;
export const TICK = { fill: 'var(--faint)', fontSize: 11 } as const;
export const MARGIN = { top: 6, right: 8, bottom: 0, left: 0 } as const;
/** The box under the pointer. */
export const TIP = {
  isAnimationActive: false,
  contentStyle: { background: 'var(--surface)', border: '1px solid var(--line)', borderRadius: 8, fontSize: 12 },
  labelStyle: { color: 'var(--muted)' },
  itemStyle: { color: 'var(--ink)', padding: 0 },
  cursor: { stroke: 'var(--line-strong)', fill: 'var(--hover)' },
} as const;

interface FigureProps {
  title: string;
  /** For those who cannot look at it, where the title alone is not enough. */
  label?: string;
  /** What each colour stands for. */
  marks: readonly (readonly [name: string, colour: string])[];
  /** How high the drawing is, as a class. */
  height?: string;
  children: ReactElement<{ 'aria-label'?: string }>;
}

/** A drawing with its title and what its colours mean. The drawing is a tab stop of its own: arrow keys go along it. */
export function Figure({ title, label = title, marks, height = 'h-36', children }: FigureProps) {
  return (
    <figure className="min-w-0" aria-label={label}>
      <figcaption className="mb-1 flex flex-wrap items-center justify-between gap-x-3 text-muted text-xs">
        <span className="font-medium">{title}</span>
        <span className="flex flex-wrap gap-x-2.5">
          {marks.map(([name, colour]) => (
            <span key={name} className="flex items-center gap-1">
              <span aria-hidden className="h-0.5 w-3" style={{ background: colour }} />
              {name}
            </span>
          ))}
        </span>
      </figcaption>
      <div className={cn('w-full', height)}>
        <ResponsiveContainer width="100%" height="100%">
          {cloneElement(children, { 'aria-label': `${label}, by arrow keys` })}
        </ResponsiveContainer>
      </div>
    </figure>
  );
}
