import { isRouteErrorResponse, useRouteError } from '@remix-run/react';
import { type PageError, titleOf } from '../page-error.ts';
import { ErrorState } from './states.tsx';

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Whatever a route threw, as the error page shows it. */
export function toPageError(error: unknown): PageError {
  if (isRouteErrorResponse(error)) {
    const body: Record<string, unknown> = typeof error.data === 'object' && error.data !== null ? error.data : {};
    return {
      title: textOf(body.title) ?? titleOf(error.status),
      code: textOf(body.code) ?? (error.status === 404 ? 'ROUTE_NOT_FOUND' : `HTTP_${error.status}`),
      message:
        textOf(body.message) ??
        (error.status === 404 ? 'There is no page at this address.' : 'The server refused the request.'),
      errorId: textOf(body.errorId),
    };
  }
  const message = error instanceof Error ? error.message : 'The page could not be shown.';
  return { title: titleOf(500), code: 'INTERNAL', message, errorId: null };
}

/** The error boundary of every route: the frame stays, the part that failed says why. */
export function RouteErrorBoundary() {
  return <ErrorState error={toPageError(useRouteError())} />;
}
