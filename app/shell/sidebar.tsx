import { Link, NavLink, useLocation } from '@remix-run/react';
import { Menu as MenuIcon, X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import type { PageSession } from '#server/web/index.ts';
import { PaletteButton } from '../palette/palette-host.tsx';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Logo } from './logo.tsx';
import type { NavigationEntry, NavigationGroup } from './navigation.ts';
import { TenantMenu } from './tenant-menu.tsx';

/** The views in their groups. */
function Views({ groups }: { groups: NavigationGroup[] }) {
  return (
    <nav aria-label="Main" className="space-y-3">
      {groups.map(({ label, entries }) => (
        <div key={label}>
          <h2 className="mb-0.5 px-2 font-medium text-2xs text-faint">{label}</h2>
          <ul className="space-y-px">
            {entries.map((entry) => (
              <li key={entry.to}>
                <ViewLink {...entry} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function ViewLink({ to, label, icon: Icon, count = 0 }: NavigationEntry) {
  return (
    <NavLink
      to={to}
      prefetch="intent"
      className={({ isActive }) =>
        cn(
          'flex h-7 items-center gap-2.5 rounded-md px-2 font-medium text-sm max-md:h-10 md:[@media(max-height:860px)]:h-6.5',
          isActive ? 'bg-idle-soft text-ink' : 'text-muted hover:bg-hover hover:text-ink',
        )
      }
    >
      <Icon aria-hidden className="size-4" />
      {label}
      {count > 0 && (
        <span className="tabular ml-auto rounded bg-warn-soft px-1.5 text-2xs text-warn leading-4">
          {count}
          <span className="sr-only"> waiting for you</span>
        </span>
      )}
    </NavLink>
  );
}

function Brand({ tenant }: { tenant: PageSession['tenant'] }) {
  return (
    <div className="flex min-w-0 items-center gap-2.5 px-2 py-1">
      <Link to="/data/scheduler" aria-label="Mainspring: scheduler" className="rounded-md">
        <Logo className="size-6 shrink-0" />
      </Link>
      <div className="min-w-0 leading-4">
        <p className="font-semibold text-sm leading-4">Mainspring</p>
        <TenantMenu tenant={tenant} />
      </div>
    </div>
  );
}

interface FrameProps {
  tenant: PageSession['tenant'];
  groups: NavigationGroup[];
  footer: ReactNode;
}

/** The frame on a wide screen: views, then what belongs to the person. */
export function Sidebar({ tenant, groups, footer }: FrameProps) {
  return (
    <aside className="no-print sticky top-0 flex h-dvh w-52 shrink-0 flex-col border-line border-r bg-surface px-2 py-3 max-md:hidden">
      <Brand tenant={tenant} />
      <PaletteButton className="mt-3 w-full" />
      <div className="mt-4 min-h-0 flex-1 overflow-y-auto pb-4">
        <Views groups={groups} />
      </div>
      {footer}
    </aside>
  );
}

/** The same on a phone: a bar, and a sheet that closes when one has gone somewhere. */
export function TopBar({ tenant, groups, footer }: FrameProps) {
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address changing is the signal itself
  useEffect(() => setOpen(false), [pathname]);
  return (
    <header className="no-print sticky top-0 z-30 flex h-12 items-center justify-between border-line border-b bg-surface px-2 md:hidden">
      <Brand tenant={tenant} />
      <PaletteButton className="mr-1 ml-auto size-10 justify-center px-0 [&>kbd]:hidden [&>span]:hidden" />
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
              <Brand tenant={tenant} />
              <Radix.Close asChild>
                <Button look="quiet" size="icon" aria-label="Close menu">
                  <X aria-hidden />
                </Button>
              </Radix.Close>
            </div>
            <Radix.Title className="sr-only">Menu</Radix.Title>
            <div className="min-h-0 flex-1 overflow-y-auto">
              <Views groups={groups} />
            </div>
            {footer}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </header>
  );
}
