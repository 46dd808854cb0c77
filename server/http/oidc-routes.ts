// The two addresses of signing in by another provider. They answer with redirects only; what went wrong is in the log,
// and the sign-in page says it in words that tell nobody who has an account.
import { Hono } from 'hono';
import type { Pool } from '#db/client.ts';
import { signInIdentity } from '#server/accounts/index.ts';
import { recordSignInRefusal } from '#server/audit/index.ts';
import {
  createOidc,
  type OidcAttempt,
  type OidcIdentity,
  type OidcSettings,
  sessionCookie,
} from '#server/auth/index.ts';
import { type Logger, logError, ServiceError } from '#server/lib/index.ts';
import type { Variables } from './base-app.ts';

/** Where the request came from; null: not known. */
type AddressOf = (request: Request) => string | null;

export type OidcRoutes = {
  addressOf: AddressOf;
  settings: OidcSettings;
  pool: Pool;
  log: Logger;
  publicUrl: string | null;
  isSecure: boolean;
  lifetimeSeconds: number;
};

/** Long enough for a second factor. */
const ATTEMPT_SECONDS = 600;
const MAX_COOKIE_LENGTH = 2_000;

type Kept = OidcAttempt & { next: string };

export function oidcRoutes(options: OidcRoutes): Hono<{ Variables: Variables }> {
  const { pool, log, isSecure, lifetimeSeconds } = options;
  const oidc = createOidc(options.settings);
  const cookieName = isSecure ? '__Host-mainspring_oidc' : 'mainspring_oidc';
  // Lax: it must come along when the provider sends the browser back.
  const attemptCookie = (value: string, maxAge: number) =>
    `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${isSecure ? '; Secure' : ''}`;
  const ownUrl = (request: Request) => options.publicUrl ?? `http://${request.headers.get('host')}`;

  const app = new Hono<{ Variables: Variables }>();
  app.get('/start', async (c) => {
    try {
      const { url, attempt } = await oidc.begin(new URL('/oidc/callback', ownUrl(c.req.raw)).href);
      const kept: Kept = { ...attempt, next: safeNext(c.req.query('next')) };
      c.header('Set-Cookie', attemptCookie(Buffer.from(JSON.stringify(kept)).toString('base64url'), ATTEMPT_SECONDS));
      return c.redirect(url.href, 302);
    } catch (error) {
      return c.redirect(`/login?oidc=${refusal(error, log, c.get('requestId'))}`, 302);
    }
  });
  app.get('/callback', async (c) => {
    c.header('Set-Cookie', attemptCookie('', 0));
    const requestId = c.get('requestId');
    let identity: OidcIdentity | null = null;
    try {
      const kept = readAttempt(c.req.raw.headers, cookieName);
      const { pathname, search } = new URL(c.req.raw.url);
      identity = await oidc.finish(new URL(pathname + search, ownUrl(c.req.raw)), kept);
      const userAgent = c.req.header('user-agent') ?? '';
      const { token } = await signInIdentity({ pool, log, requestId }, identity, { userAgent, lifetimeSeconds });
      c.header('Set-Cookie', sessionCookie(token, { isSecure, lifetimeSeconds }), { append: true });
      return c.redirect(safeNext(kept.next), 302);
    } catch (error) {
      // Not waited for: a person who exists has rows in more logs, and the answer must not take longer for it.
      if (error instanceof ServiceError)
        void recordSignInRefusal(pool, log, {
          ...{
            email: identity?.claimedEmail ?? '',
            address: options.addressOf(c.req.raw),
            code: error.code,
            requestId,
          },
          details: { by: 'oidc', issuer: identity?.issuer ?? options.settings.issuer, subject: identity?.subject },
        });
      return c.redirect(`/login?oidc=${refusal(error, log, requestId)}`, 302);
    }
  });
  return app;
}

/** A path of ours, never `//elsewhere`; no backslash, and no tab, which browsers leave out. */
const safeNext = (next: unknown): string =>
  typeof next === 'string' && /^\/(?!\/)[!-[\]-~]*$/.test(next) && next.length < 1_000 ? next : '/data/scheduler';

/** @throws ServiceError OIDC_FAILED when this browser did not begin here */
function readAttempt(headers: Headers, cookieName: string): Kept {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('=', 2));
  const value = pairs.find(([name]) => name === cookieName)?.[1] ?? '';
  try {
    if (value.length > MAX_COOKIE_LENGTH) throw new Error('the cookie of the attempt is too long');
    const kept: unknown = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
    if (isAttempt(kept)) return kept;
  } catch (error) {
    throw new ServiceError('OIDC_FAILED', 'the sign-in was not begun in this browser', undefined, { cause: error });
  }
  throw new ServiceError('OIDC_FAILED', 'the sign-in was not begun in this browser');
}

const isAttempt = (kept: unknown): kept is Kept =>
  typeof kept === 'object' &&
  kept !== null &&
  ['state', 'nonce', 'verifier', 'next'].every((name) => {
    const value: unknown = kept[name as keyof typeof kept];
    return typeof value === 'string' && value.length > 0;
  });

/** For the sign-in page: `unknown` is the person's affair, `failed` the provider's or ours. */
function refusal(error: unknown, log: Logger, requestId: string): 'unknown' | 'failed' {
  logError(log, error, 'a sign-in by the provider did not succeed', { requestId });
  return error instanceof ServiceError && error.code === 'OIDC_UNKNOWN' ? 'unknown' : 'failed';
}
