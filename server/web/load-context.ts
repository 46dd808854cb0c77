import type { PagesApi } from './pages-api.ts';

/** Who looks at the page, and in which tenant. */
export interface PageSession {
  user: { id: string; email: string; name: string | null; isInstanceOperator?: boolean };
  tenant: { id: string; name: string; slug: string };
  role: 'viewer' | 'operator' | 'admin';
}

/** An error as a page shows it; `status` is the HTTP status of the page. */
export interface PageProblem {
  status: number;
  code: string;
  message: string;
  errorId: string;
  details?: unknown;
}

export type SignInResult =
  /** `cookie` is a whole Set-Cookie header. */
  { ok: true; cookie: string } | { ok: false; message: string };

/** What every loader and action finds in `context`. It is made anew for each request. */
export interface PagesLoadContext {
  /** The in-process caller of the API, as the signed-in user; null without a session. */
  api: PagesApi | null;
  /** Null also for a person who is signed in and in no active tenant: `api` can ask who and where to, then. */
  session: PageSession | null;
  /** Of the OpenID Connect provider that people may sign in by at /oidc/start; null without one. */
  providerName: string | null;
  /** In the Content-Security-Policy header of the same response. */
  cspNonce: string;
  /** The database's time where it is cheap to have, else this process's: what ages are counted from. */
  now: Date;
  signIn(email: string, password: string): Promise<SignInResult>;
  /** What a link invites to, or whose password it sets; null for one that is unknown, used or expired. */
  findInvite(token: string): Promise<{ email: string; role: string; tenantName: string; isMine: boolean } | null>;
  findReset(token: string): Promise<{ email: string } | null>;
  /** `cookie` is null where the session that asked was moved into the tenant. */
  acceptInvite(input: {
    token: string;
    name: string;
    password: string;
  }): Promise<{ ok: true; cookie: string | null } | { ok: false; message: string }>;
  resetPassword(token: string, password: string): Promise<{ ok: true } | { ok: false; message: string }>;
  /** Ends the session and returns the Set-Cookie header that forgets it. */
  signOut(): Promise<string>;
  /** The answer for anything thrown: a known error as it is, an unknown one logged under its errorId. */
  toProblem(error: unknown): PageProblem;
}
