import type { LoaderFunctionArgs } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import { Outlet, useLoaderData, useNavigation } from '@remix-run/react';
import { useEffect } from 'react';
import { loginPath } from '../api.server.ts';
import { startChannel } from '../live/channel.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { ThemeMenu, UserMenu, ZoneMenu } from './controls.tsx';
import { navigationFor } from './navigation.ts';
import { readPreferences } from './preference-cookies.ts';
import { Sidebar, TopBar } from './sidebar.tsx';

export function loader({ request, context }: LoaderFunctionArgs) {
  if (context.session === null) throw redirect(loginPath(request));
  return { session: context.session, theme: readPreferences(request).theme };
}

export default function Shell() {
  const { session, theme } = useLoaderData<typeof loader>();
  useEffect(startChannel, []);
  const groups = navigationFor(session);
  const footer = (
    <div className="space-y-0.5 border-line border-t pt-2">
      <div className="flex items-center justify-between gap-1">
        <ZoneMenu />
        <ThemeMenu known={theme} />
      </div>
      <UserMenu session={session} />
    </div>
  );
  return (
    <div className="md:flex">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-primary px-3 py-2 text-on-primary focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <NavigationBar />
      <Sidebar tenantName={session.tenant.name} groups={groups} footer={footer} />
      <TopBar tenantName={session.tenant.name} groups={groups} footer={footer} />
      <main id="content" tabIndex={-1} className="min-w-0 flex-1 p-4 outline-none md:px-6 md:py-5">
        <Outlet />
      </main>
    </div>
  );
}

/** A thin line at the top while a page is on its way; shown after 150 ms, so that fast pages do not flicker. */
function NavigationBar() {
  const { state } = useNavigation();
  if (state === 'idle') return null;
  return (
    <div role="progressbar" aria-label="Loading page" className="fixed inset-x-0 top-0 z-50 h-0.5 overflow-hidden">
      <div className="h-full w-2/5 animate-[slide-across_1.1s_150ms_ease-in-out_infinite_backwards] bg-accent" />
    </div>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
