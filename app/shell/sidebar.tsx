import { Link, NavLink, useLocation } from '@remix-run/react';
import { CalendarClock, ListChecks, type LucideIcon, Menu as MenuIcon, Workflow, X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Logo } from './logo.tsx';

const VIEWS: { to: string; label: string; icon: LucideIcon }[] = [
  { to: '/data/scheduler', label: 'Scheduler', icon: CalendarClock },
  { to: '/data/pipelines', label: 'Pipelines', icon: Workflow },
  { to: '/data/runs', label: 'Runs', icon: ListChecks },
];

function Views() {
  return (
    <nav aria-label="Main">
      <ul className="space-y-0.5">
        {VIEWS.map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <NavLink
              to={to}
              prefetch="intent"
              className={({ isActive }) =>
                cn(
                  'flex h-8 items-center gap-2.5 rounded-md px-2 font-medium text-sm max-md:h-10',
                  isActive ? 'bg-idle-soft text-ink' : 'text-muted hover:bg-hover hover:text-ink',
                )
              }
            >
              <Icon aria-hidden className="size-4" />
              {label}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Brand({ tenantName }: { tenantName: string }) {
  return (
    <Link to="/data/scheduler" className="flex min-w-0 items-center gap-2.5 rounded-md px-2 py-1">
      <Logo className="size-6 shrink-0" />
      <span className="min-w-0 leading-4">
        <span className="block font-semibold text-sm">Mainspring</span>
        <span className="block truncate text-faint text-xs">{tenantName}</span>
      </span>
    </Link>
  );
}

/** The frame on a wide screen: views, then what belongs to the person. */
export function Sidebar({ tenantName, footer }: { tenantName: string; footer: ReactNode }) {
  return (
    <aside className="no-print sticky top-0 flex h-dvh w-52 shrink-0 flex-col border-line border-r bg-surface px-2 py-3 max-md:hidden">
      <Brand tenantName={tenantName} />
      <div className="mt-4 flex-1">
        <Views />
      </div>
      {footer}
    </aside>
  );
}

/** The same on a phone: a bar, and a sheet that closes when one has gone somewhere. */
export function TopBar({ tenantName, footer }: { tenantName: string; footer: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address changing is the signal itself
  useEffect(() => setOpen(false), [pathname]);
  return (
    <header className="no-print sticky top-0 z-30 flex h-12 items-center justify-between border-line border-b bg-surface px-2 md:hidden">
      <Brand tenantName={tenantName} />
      <Radix.Root open={isOpen} onOpenChange={setOpen}>
        <Radix.Trigger asChild>
          <Button look="quiet" size="icon" className="size-10" aria-label="Open menu">
            <MenuIcon aria-hidden className="size-5!" />
          </Button>
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-50 flex w-72 max-w-[85vw] animate-slide-in flex-col bg-surface p-3 shadow-pop"
          >
            <div className="mb-4 flex items-center justify-between">
              <Brand tenantName={tenantName} />
              <Radix.Close asChild>
                <Button look="quiet" size="icon" aria-label="Close menu">
                  <X aria-hidden />
                </Button>
              </Radix.Close>
            </div>
            <Radix.Title className="sr-only">Menu</Radix.Title>
            <div className="flex-1">
              <Views />
            </div>
            {footer}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </header>
  );
}
