import type { ReactNode } from 'react';
import { cn } from './cn.ts';

interface CardProps {
  title?: ReactNode;
  /** Right of the title: links, counts, buttons. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  /** No padding around the body, for a table that fills the card. */
  flush?: boolean;
}

export function Card({ title, aside, children, className, flush = false }: CardProps) {
  return (
    <section className={cn('min-w-0 rounded-lg border border-line bg-surface shadow-card', className)}>
      {title !== undefined && (
        <header className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-line border-b px-4 py-1.5">
          <h2 className="font-semibold text-sm">{title}</h2>
          {aside !== undefined && <div className="flex flex-wrap items-center gap-2 text-muted text-xs">{aside}</div>}
        </header>
      )}
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  );
}

export interface Fact {
  term: string;
  value: ReactNode;
}

/** Key-value list; wraps into as many columns as there is room for. */
export function Facts({ facts, className }: { facts: Fact[]; className?: string }) {
  return (
    <dl className={cn('grid grid-cols-[repeat(auto-fill,minmax(8rem,1fr))] gap-x-4 gap-y-3', className)}>
      {facts.map(({ term, value }) => (
        <div key={term} className="min-w-0">
          <dt className="text-faint text-xs">{term}</dt>
          <dd className="mt-0.5 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
