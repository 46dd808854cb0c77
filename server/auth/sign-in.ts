// Sign-in by e-mail and password. An unknown user, a disabled one and a wrong password answer alike and take
// alike long; attempts are counted per account and per address, and ten failures in a quarter of an hour close
// the door. An attempt counts from its start until it has succeeded, so that many at once are not more.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import {
  hashToken,
  isPasswordRight,
  type Logger,
  logError,
  newToken,
  query,
  queryOne,
  ServiceError,
  type Tx,
  transaction,
} from '#server/lib/index.ts';

const MAX_FAILURES = 10;
const MAX_FAILURES_PER_ADDRESS = 50;
/** Characters; a derived key of a megabyte takes no less time for it. */
const MAX_PASSWORD = 1_000;

export type SignIn = {
  email: string;
  password: string;
  /** Null where it is a proxy's: a limit on it would lock out everybody behind it. */
  address: string | null;
  userAgent: string;
  lifetimeSeconds: number;
};

export type SignedIn = { userId: string; token: string; sessionId: string };

/**
 * Opens a session and returns its token.
 * @throws ServiceError LOGIN_FAILED, LOGIN_LIMITED
 */
export async function signIn(pool: Pool, input: SignIn): Promise<SignedIn> {
  const email = input.email.trim().toLowerCase().slice(0, 320);
  const account = `account:${email}`;
  const address = input.address === null ? null : `address:${input.address}`;
  await countOrRefuse(pool, account, MAX_FAILURES);
  if (address) await countOrRefuse(pool, address, MAX_FAILURES_PER_ADDRESS);
  const [user] = await transaction(pool, {}, (tx) =>
    query<{ user_id: string; password_hash: string | null; disabled: boolean }>(
      tx,
      sql`select * from auth_login(${email})`,
    ),
  );
  const isRight = await isPasswordRight(input.password.slice(0, MAX_PASSWORD), user?.password_hash ?? null);
  if (!user || user.disabled || !isRight) throw new ServiceError('LOGIN_FAILED');
  await countAttempt(pool, account, -1);
  if (address) await countAttempt(pool, address, -1);
  const userId = user.user_id;
  const { userAgent, lifetimeSeconds } = input;
  return { userId, ...(await openSession(pool, { userId, userAgent, lifetimeSeconds })) };
}

export type OpenSession = { userId: string; userAgent: string; lifetimeSeconds: number };

/** A new session of somebody who has proved who they are; its token is in the answer and nowhere else. */
export async function openSession(pool: Pool, input: OpenSession): Promise<{ token: string; sessionId: string }> {
  const token = newToken();
  const { session_id } = await transaction(pool, {}, (tx) =>
    queryOne<{ session_id: string }>(
      tx,
      sql`select * from auth_session_open(${input.userId}, ${hashToken(token)}, ${input.userAgent}, ${input.lifetimeSeconds}::int)`,
    ),
  );
  return { token, sessionId: session_id };
}

/** Ends the session of this token, if there is one. */
export async function signOut(pool: Pool, token: string): Promise<void> {
  await transaction(pool, {}, (tx) => tx.execute(sql`select auth_session_close(${hashToken(token)})`));
}

/**
 * Whether this is the person's own password, for one who is signed in already. Wrong ones count towards the same limit
 * as those of the sign-in: whoever has found an open browser must not guess on.
 *
 * The caller's transaction is rolled back when the password is wrong, so the attempt is counted after it and beside
 * it, without waiting: a second connection of the same pool, asked for while holding one, could never come.
 * @throws ServiceError PASSWORD_WRONG, LOGIN_LIMITED
 */
export async function requireOwnPassword(
  tx: Tx,
  scope: { pool: Pool; log: Logger },
  person: { userId: string; email: string; password: string },
): Promise<void> {
  const account = `account:${person.email}`;
  const { counted } = await queryOne<{ counted: number }>(tx, sql`select auth_login_count(${account}, 0) as counted`);
  if (counted >= MAX_FAILURES) throw new ServiceError('LOGIN_LIMITED');
  const { stored } = await queryOne<{ stored: string | null }>(
    tx,
    sql`select account_password(${person.userId}) as stored`,
  );
  if (await isPasswordRight(person.password.slice(0, MAX_PASSWORD), stored)) return;
  countAttempt(scope.pool, account, 1).catch((error: unknown) =>
    logError(scope.log, error, 'a wrong password could not be counted'),
  );
  throw new ServiceError('PASSWORD_WRONG');
}

async function countOrRefuse(pool: Pool, subject: string, limit: number): Promise<void> {
  if ((await countAttempt(pool, subject, 1)) > limit) throw new ServiceError('LOGIN_LIMITED');
}

/** Changes the subject's count in this quarter of an hour and returns it. */
async function countAttempt(pool: Pool, subject: string, change: 1 | -1): Promise<number> {
  const { counted } = await transaction(pool, {}, (tx) =>
    queryOne<{ counted: number }>(tx, sql`select auth_login_count(${subject}, ${change}::int) as counted`),
  );
  return counted;
}
