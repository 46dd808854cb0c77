// What the pages' loaders and actions get: the API as the signed-in user, and sign-in and -out themselves.

import { createCaller, type RequestDependencies } from '#server/api/index.ts';
import { recordSignInRefusal } from '#server/audit/index.ts';
import { authenticate, sessionCookie, sessionTokenOf, signIn, signOut } from '#server/auth/index.ts';
import { ERROR_CODES, ServiceError } from '#server/lib/index.ts';
import { reportProblem } from '#server/procedure.ts';
import type { PagesLoadContext } from '#server/web/index.ts';

type Known = { nonce: string; requestId: string; address: string | null };
type Options = RequestDependencies & { isSecure: boolean; lifetimeSeconds: number };

export async function pagesLoadContext(request: Request, known: Known, options: Options): Promise<PagesLoadContext> {
  const { pool } = options;
  const log = options.log.child({ requestId: known.requestId });
  const cookieOptions = { isSecure: options.isSecure, lifetimeSeconds: options.lifetimeSeconds };
  // Pages are for people: a key in a page's request is not looked at.
  const cookieOnly = new Headers({ cookie: request.headers.get('cookie') ?? '' });
  const caller = await authenticate(pool, cookieOnly, options.sessionIdleSeconds);
  if (caller?.tenant) options.limits?.takeForTenant(caller.tenant.id, 1);
  const actor = caller?.actor;
  const session =
    caller?.tenant && actor?.kind === 'user'
      ? {
          user: { id: actor.id, email: actor.email, name: caller.userName || null },
          tenant: caller.tenant,
          role: actor.role,
        }
      : null;
  const context = { pool, caller, requestId: known.requestId, log, idempotencyKey: null };
  return {
    api: session ? createCaller(context) : null,
    session,
    cspNonce: known.nonce,
    now: new Date(),
    async signIn(email, password) {
      try {
        const userAgent = request.headers.get('user-agent') ?? '';
        const { token } = await signIn(pool, {
          email,
          password,
          address: known.address,
          userAgent,
          lifetimeSeconds: options.lifetimeSeconds,
        });
        return { ok: true, cookie: sessionCookie(token, cookieOptions) };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        // Not waited for: a person who exists has rows in more logs, and the answer must not take longer for it.
        void recordSignInRefusal(pool, log, {
          ...{ email, address: known.address, code: error.code, requestId: known.requestId },
        });
        return { ok: false, message: error.message };
      }
    },
    async signOut() {
      const token = sessionTokenOf(request.headers);
      if (token) await signOut(pool, token);
      return sessionCookie(null, cookieOptions);
    },
    toProblem(error) {
      const { body } = reportProblem(error, log, { requestId: known.requestId, page: new URL(request.url).pathname });
      return { ...body, status: ERROR_CODES[body.code].http };
    },
  };
}
