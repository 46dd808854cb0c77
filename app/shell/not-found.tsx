import type { MetaFunction } from '@remix-run/node';
import { data } from '@remix-run/node';
import type { PageError } from '../page-error.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';

export const meta: MetaFunction = () => [{ title: 'Not found · Mainspring' }];

export const loader = (): never => {
  throw data(
    {
      title: 'Page not found',
      code: 'ROUTE_NOT_FOUND',
      message: 'There is no page at this address. It may have been moved, or the link may be cut off.',
      errorId: null,
    } satisfies PageError,
    { status: 404 },
  );
};

export default function NotFound() {
  return null;
}

export const ErrorBoundary = RouteErrorBoundary;
