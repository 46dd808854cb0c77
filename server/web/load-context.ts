import type { PagesApi } from './pages-api.ts';

/** Who looks at the page, and in which tenant. */
export interface PageSession {
  user: { id: string; email: string; name: string | null };
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
  session: PageSession | null;
  /** In the Content-Security-Policy header of the same response. */
  cspNonce: string;
  /** The database's time where it is cheap to have, else this process's: what ages are counted from. */
  now: Date;
  signIn(email: string, password: string): Promise<SignInResult>;
  /** Ends the session and returns the Set-Cookie header that forgets it. */
  signOut(): Promise<string>;
  /** The answer for anything thrown: a known error as it is, an unknown one logged under its errorId. */
  toProblem(error: unknown): PageProblem;
}
