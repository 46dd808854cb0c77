// What the pages' loaders and actions get: the API as the signed-in user, and sign-in and -out themselves.

import { acceptInvite, findInvite, findReset, resetPassword } from '#server/accounts/index.ts';
import { createCaller, type RequestDependencies } from '#server/api/index.ts';
import { recordSignInRefusal } from '#server/audit/index.ts';
import { authenticate, sessionCookie, sessionTokenOf, signIn, signOut } from '#server/auth/index.ts';
import { ERROR_CODES, requireStorable, ServiceError } from '#server/lib/index.ts';
import { reportProblem } from '#server/procedure.ts';
import type { PagesLoadContext } from '#server/web/index.ts';

type Known = { nonce: string; requestId: string; address: string | null };
type Options = RequestDependencies & { isSecure: boolean; lifetimeSeconds: number; providerName: string | null };

/**
 * A page that asked again by itself says so (app/live/attendance.ts). Believed, because all it can do is let a session
 * end sooner; nothing else is decided by it, and a form that is sent is always a person's.
 */
const isUnattended = ({ method, headers }: Request): boolean =>
  method === 'GET' && headers.get('x-mainspring-unattended') === '1';

type Done<T> = { ok: true; value: T } | { ok: false; message: string };

/** A refusal in the API's words is for the form to show; anything else is for the error page. */
async function refusalOf<T>(run: Promise<T>): Promise<Done<T>> {
  try {
    return { ok: true, value: await run };
  } catch (error) {
    if (error instanceof ServiceError) return { ok: false, message: error.message };
    throw error;
  }
}

/** These forms are no procedures, which check their input themselves. */
const checkStorable = async (input: object): Promise<void> => requireStorable(input);

export async function pagesLoadContext(request: Request, known: Known, options: Options): Promise<PagesLoadContext> {
  const { pool } = options;
  const log = options.log.child({ requestId: known.requestId });
  const cookieOptions = { isSecure: options.isSecure, lifetimeSeconds: options.lifetimeSeconds };
  // Pages are for people: a key in a page's request is not looked at.
  const cookieOnly = new Headers({ cookie: request.headers.get('cookie') ?? '' });
  const isAttended = !isUnattended(request);
  const caller = await authenticate(pool, cookieOnly, options.sessionIdleSeconds, { isAttended });
  if (caller?.tenant) options.limits?.takeForTenant(caller.tenant.id, 1);
  if (!caller) options.takeForStranger?.(request);
  const actor = caller?.actor;
  const session =
    caller?.tenant && actor?.kind === 'user'
      ? {
          user: {
            ...{ id: actor.id, email: actor.email, name: caller.userName || null },
            isInstanceOperator: actor.isInstanceOperator,
          },
          tenant: caller.tenant,
          role: actor.role,
        }
      : null;
  const scope = { pool, log, requestId: known.requestId };
  const context = { pool, caller, requestId: known.requestId, log, idempotencyKey: null };
  return {
    api: actor?.kind === 'user' ? createCaller(context) : null,
    session,
    providerName: options.providerName,
    cspNonce: known.nonce,
    now: new Date(),
    async signIn(email, password) {
      // No account has such an e-mail: there is nobody whom the attempt could be counted against.
      const checked = await refusalOf(checkStorable({ email }));
      if (!checked.ok) return checked;
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
    async findInvite(token) {
      const found = await findInvite(pool, token);
      return found && { ...found, isMine: actor?.kind === 'user' && actor.email === found.email };
    },
    findReset: (token) => findReset(pool, token),
    async acceptInvite(input) {
      const own = actor?.kind === 'user' && actor.session ? { userId: actor.id, sessionId: actor.session.id } : null;
      const joining = {
        ...{ ...input, signedInAs: own, address: known.address, lifetimeSeconds: options.lifetimeSeconds },
        userAgent: request.headers.get('user-agent') ?? '',
      };
      const done = await refusalOf(checkStorable({ name: input.name }).then(() => acceptInvite(scope, joining)));
      return done.ok ? { ok: true, cookie: done.value.token && sessionCookie(done.value.token, cookieOptions) } : done;
    },
    resetPassword: (token, password) => refusalOf(resetPassword(scope, { token, password })),
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
