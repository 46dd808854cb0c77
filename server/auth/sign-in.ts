// Sign-in by e-mail and password. An unknown user, a disabled one and a wrong password answer alike and take
// alike long; failures are counted per account and per address, and ten in a quarter of an hour close the door.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { hashToken, isPasswordRight, newToken, query, queryOne, ServiceError, transaction } from '#server/lib/index.ts';

const MAX_FAILURES = 10;
const MAX_FAILURES_PER_ADDRESS = 50;

export type SignIn = { email: string; password: string; address: string; userAgent: string; lifetimeSeconds: number };

/**
 * Opens a session and returns its token.
 * @throws ServiceError LOGIN_FAILED, LOGIN_LIMITED
 */
export async function signIn(pool: Pool, input: SignIn): Promise<{ token: string }> {
  const email = input.email.trim().toLowerCase().slice(0, 320);
  const account = `account:${email}`;
  const address = `address:${input.address}`;
  await refuseAfterFailures(pool, account, address);
  const [user] = await transaction(pool, {}, (tx) =>
    query<{ user_id: string; password_hash: string | null; disabled: boolean }>(
      tx,
      sql`select * from auth_login(${email})`,
    ),
  );
  const isRight = await isPasswordRight(input.password.slice(0, 1_000), user?.password_hash ?? null);
  if (!user || user.disabled || !isRight) {
    await countFailures(pool, [account, address], true);
    throw new ServiceError('LOGIN_FAILED');
  }
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

async function refuseAfterFailures(pool: Pool, account: string, address: string): Promise<void> {
  if ((await countFailures(pool, [account], false)) >= MAX_FAILURES) throw new ServiceError('LOGIN_LIMITED');
  if ((await countFailures(pool, [address], false)) >= MAX_FAILURES_PER_ADDRESS)
    throw new ServiceError('LOGIN_LIMITED');
}

async function countFailures(pool: Pool, subjects: string[], hasFailed: boolean): Promise<number> {
  const array = sql`array[${sql.join(
    subjects.map((subject) => sql`${subject}`),
    sql`, `,
  )}]::text[]`;
  const row = await transaction(pool, {}, (tx) =>
    queryOne<{ failures: number }>(tx, sql`select auth_login_failures(${array}, ${hasFailed}) as failures`),
  );
  return row.failures;
}
