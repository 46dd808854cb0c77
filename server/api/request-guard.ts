// What must hold before a request reaches a procedure: it is not forged by another site.
//
// The session cookie is sent by any page that points a form at us. So with a cookie a request that changes
// something must say by Origin (or Sec-Fetch-Site) that it comes from our own pages; tRPC and REST take JSON
// only, which a foreign form cannot send. Requests with a key or the cron secret carry no ambient authority.
import { ServiceError } from '#server/lib/index.ts';

export type Origins = { publicUrl: string | null };

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** @throws ServiceError CROSS_SITE for a state-changing request with a cookie that is not from our own origin. */
export function refuseCrossSite(request: Request, origins: Origins): void {
  if (SAFE.has(request.method)) return;
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  if (origin !== null) {
    if (isOurs(origin, request, origins)) return;
    throw new ServiceError('CROSS_SITE', `requests from "${origin.slice(0, 100)}" are not taken`);
  }
  if (site === 'same-origin') return;
  throw new ServiceError('CROSS_SITE', 'a request with a session cookie must carry the Origin of this site');
}

function isOurs(origin: string, request: Request, origins: Origins): boolean {
  if (origins.publicUrl) return origin === new URL(origins.publicUrl).origin;
  // Without PUBLIC_URL the host the browser asked is the only name we have.
  const host = request.headers.get('host');
  return host !== null && origin === `http://${host}`;
}
