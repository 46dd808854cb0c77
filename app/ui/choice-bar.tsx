import { Link } from '@remix-run/react';
import { cn } from './cn.ts';

interface Choice {
  to: string;
  label: string;
  isCurrent: boolean;
}

interface ChoiceBarProps {
  label: string;
  choices: readonly Choice[];
  /** The address changes without a step back, and the page stays where it is. */
  isInPlace?: boolean;
}

/** One of a few, as links beside one another. */
export const ChoiceBar = ({ label, choices, isInPlace = false }: ChoiceBarProps) => (
  <nav aria-label={label} className="inline-flex rounded-md border border-line-strong bg-surface p-0.5">
    {choices.map(({ to, label: words, isCurrent }) => (
      <Link
        key={to}
        to={to}
        replace={isInPlace}
        preventScrollReset={isInPlace}
        aria-current={isCurrent ? (isInPlace ? 'true' : 'page') : undefined}
        className={cn(
          'whitespace-nowrap rounded px-2 text-xs leading-6',
          isCurrent ? 'bg-idle-soft font-medium text-ink' : 'text-muted hover:text-ink',
        )}
      >
        {words}
      </Link>
    ))}
  </nav>
);
