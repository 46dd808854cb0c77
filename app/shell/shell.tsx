import type { LoaderFunctionArgs } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import { Outlet, useLoaderData, useNavigation } from '@remix-run/react';
import { useEffect } from 'react';
import { load, loginPath } from '../api.server.ts';
import { watchAttendance } from '../live/attendance.ts';
import { startChannel } from '../live/channel.ts';
import { linkCommandsFor } from '../palette/link-commands.ts';
import { PaletteHost } from '../palette/palette-host.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { ThemeMenu, UserMenu, ZoneMenu } from './controls.tsx';
import { navigationFor, withCounts } from './navigation.ts';
import { PageOrSkeleton } from './page-skeleton.tsx';
import { readPreferences } from './preference-cookies.ts';
import { Sidebar, TopBar } from './sidebar.tsx';
import { StopBanner } from './stop-banner.tsx';
import { TimesIn } from './times-in.tsx';

export async function loader(args: LoaderFunctionArgs) {
  const { request, context } = args;
  if (context.session === null) throw redirect(context.api === null ? loginPath(request) : '/no-tenant');
  const [stop, waiting] = await load(args, (api) => Promise.all([api.fleet.stopState(), api.approvals.waiting()]));
  return { session: context.session, stop, waiting, theme: readPreferences(request).theme };
}

export default function Shell() {
  const { session, stop, waiting, theme } = useLoaderData<typeof loader>();
  useEffect(startChannel, []);
  useEffect(() => watchAttendance(), []);
  const groups = withCounts(navigationFor(session), { '/ops/approvals': waiting.mine });
  const footer = (
    <div className="space-y-0.5 border-line border-t pt-2">
      <div className="flex items-center justify-between gap-1">
        <ZoneMenu />
        <ThemeMenu known={theme} />
      </div>
      <UserMenu session={session} />
    </div>
  );
  const frame = { tenant: session.tenant, groups, footer };
  return (
    <PaletteHost
      groups={groups}
      commands={linkCommandsFor(session, stop)}
      canOperate={session.role !== 'viewer'}
      canCreate={session.role === 'admin'}
    >
      <div className="md:flex">
        <a
          href="#content"
          className="sr-only z-50 rounded-md bg-primary px-3 py-2 text-on-primary focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
        >
          Skip to content
        </a>
        <NavigationBar />
        <Sidebar {...frame} />
        <TopBar {...frame} />
        <div className="min-w-0 flex-1">
          <StopBanner stop={stop} />
          <main id="content" tabIndex={-1} className="p-4 outline-none md:px-6 md:py-5">
            <PageOrSkeleton>
              <Outlet />
            </PageOrSkeleton>
            <TimesIn />
          </main>
        </div>
      </div>
    </PaletteHost>
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
