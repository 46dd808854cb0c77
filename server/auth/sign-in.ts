// Sign-in by e-mail and password. An unknown user, a disabled one and a wrong password answer alike and take
// alike long; attempts are counted per account and per address, and ten failures in a quarter of an hour close
// the door. An attempt counts from its start until it has succeeded, so that many at once are not more.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { hashToken, isPasswordRight, newToken, query, queryOne, ServiceError, transaction } from '#server/lib/index.ts';

const MAX_FAILURES = 10;
const MAX_FAILURES_PER_ADDRESS = 50;

export type SignIn = {
  email: string;
  password: string;
  /** Null where it is a proxy's: a limit on it would lock out everybody behind it. */
  address: string | null;
  userAgent: string;
  lifetimeSeconds: number;
};

/**
 * Opens a session and returns its token.
 * @throws ServiceError LOGIN_FAILED, LOGIN_LIMITED
 */
export async function signIn(pool: Pool, input: SignIn): Promise<{ token: string }> {
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
  const isRight = await isPasswordRight(input.password.slice(0, 1_000), user?.password_hash ?? null);
  if (!user || user.disabled || !isRight) throw new ServiceError('LOGIN_FAILED');
  await countAttempt(pool, account, -1);
  if (address) await countAttempt(pool, address, -1);
  const token = newToken();
  await transaction(pool, {}, (tx) =>
    tx.execute(
      sql`select * from auth_session_open(${user.user_id}, ${hashToken(token)}, ${input.userAgent}, ${input.lifetimeSeconds}::int)`,
    ),
  );
  return { token };
}

/** Ends the session of this token, if there is one. */
export async function signOut(pool: Pool, token: string): Promise<void> {
  await transaction(pool, {}, (tx) => tx.execute(sql`select auth_session_close(${hashToken(token)})`));
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
