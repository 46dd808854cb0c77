import './load-context.ts';
import './styles/app.css';
import interFont from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';
import type { LinksFunction, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Links, Meta, Outlet, Scripts, ScrollRestoration, useRouteError, useRouteLoaderData } from '@remix-run/react';
import type { ReactNode } from 'react';
import { useNonce } from './shell/nonce.ts';
import { readPreferences } from './shell/preference-cookies.ts';
import { useChosenTheme } from './shell/theme.ts';
import { ClockProvider } from './time/clock.tsx';
import { toPageError } from './ui/error-boundary.tsx';
import { ErrorState } from './ui/states.tsx';
import { ToastProvider } from './ui/toast.tsx';
import { TooltipProvider } from './ui/tooltip.tsx';

export const links: LinksFunction = () => [
  { rel: 'preload', as: 'font', type: 'font/woff2', href: interFont, crossOrigin: 'anonymous' },
  { rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' },
];

export const meta: MetaFunction = () => [{ title: 'Mainspring' }];

export function loader({ request, context }: LoaderFunctionArgs) {
  return { ...readPreferences(request), serverNowMs: context.now.getTime() };
}

export function Layout({ children }: { children: ReactNode }) {
  const nonce = useNonce();
  // Undefined when the root loader itself failed: the frame must stand even then.
  const root = useRouteLoaderData<typeof loader>('root');
  const theme = useChosenTheme(root?.theme ?? 'system');
  return (
    <html lang="en" data-theme={theme}>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === 'system' ? 'light dark' : theme} />
        <Meta />
        <Links />
      </head>
      <body>
        <ClockProvider serverNowMs={root?.serverNowMs ?? 0} zone={root?.zone ?? 'UTC'}>
          <TooltipProvider>
            <ToastProvider>{children}</ToastProvider>
          </TooltipProvider>
        </ClockProvider>
        <ScrollRestoration nonce={nonce} />
        <Scripts nonce={nonce} />
      </body>
    </html>
  );
}

export default function Root() {
  return <Outlet />;
}

export function ErrorBoundary() {
  const error = toPageError(useRouteError());
  return (
    <main className="p-4">
      <ErrorState error={error} />
    </main>
  );
}
