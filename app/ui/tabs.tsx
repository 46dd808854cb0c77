import { NavLink } from '@remix-run/react';
import { cn } from './cn.ts';

/** Tabs that are addresses: each can be linked to, opened beside, and left by the back button. */
export function TabLinks({ label, tabs }: { label: string; tabs: { to: string; label: string; end?: boolean }[] }) {
  return (
    <nav aria-label={label} className="no-print -mb-px flex gap-1 overflow-x-auto">
      {tabs.map(({ to, label: text, end = false }) => (
        <NavLink
          key={to}
          to={to}
          end={end}
          prefetch="intent"
          preventScrollReset
          className={({ isActive, isPending }) =>
            cn(
              'whitespace-nowrap border-b-2 px-2.5 py-2 text-sm -outline-offset-2!',
              isActive ? 'border-ink font-medium text-ink' : 'border-transparent text-muted hover:text-ink',
              isPending && 'text-ink',
            )
          }
        >
          {text}
        </NavLink>
      ))}
    </nav>
  );
}
