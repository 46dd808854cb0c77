import type { Pool } from '#db/client.ts';
import { findLiveSessions, sessionTokenOf } from '#server/auth/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { type LiveHub, liveStream } from '#server/web/index.ts';

/**
 * `GET /live`: tells a signed-in person's page what changed in the tenant. For people: a key in the request is
 * not looked at, and a page of another site gets nothing.
 * @throws ServiceError UNAUTHENTICATED, TENANT_REQUIRED, CROSS_SITE
 */
export async function answerLive(
  request: Request,
  deps: { pool: Pool; sessionIdleSeconds: number; live: LiveHub },
): Promise<Response> {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none')
    throw new ServiceError('CROSS_SITE', `the live channel is for this site's own pages, not for ${site} ones`);
  const token = sessionTokenOf(request.headers);
  // A page that lost its line comes again by itself: that is no sign of its person either.
  const alive =
    token === null ? undefined : (await findLiveSessions(deps.pool, [token], deps.sessionIdleSeconds)).get(token);
  if (!alive || token === null) throw new ServiceError('UNAUTHENTICATED', 'sign in to listen for changes');
  const { tenantId } = alive;
  if (tenantId === null) throw new ServiceError('TENANT_REQUIRED');
  return liveStream((listener) => deps.live.listen(tenantId, token, listener));
}
