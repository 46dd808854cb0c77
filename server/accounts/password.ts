// A person's own name and password.
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { requireOwnPassword } from '#server/auth/index.ts';
import { hashPassword, queryOne, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { personOf } from './person.ts';

/** NIST SP 800-63B asks for eight and more; length is all that is asked for here, so let it be some. */
export const MIN_PASSWORD_LENGTH = 12;

/** @throws ServiceError PASSWORD_WEAK */
export function requireGoodPassword(password: string, email: string): void {
  const bare = password.normalize('NFKC').toLowerCase();
  const weak = (why: string) => new ServiceError('PASSWORD_WEAK', `the password ${why}`);
  if ([...password].length < MIN_PASSWORD_LENGTH) throw weak(`needs at least ${MIN_PASSWORD_LENGTH} characters`);
  if (new Set(bare).size < 5) throw weak('repeats too few characters');
  const [local = ''] = email.split('@');
  if (bare.includes(email) || (local.length >= 6 && bare.replace(local, '').length < 6))
    throw weak('is made of the e-mail address: choose another');
}

/** Sets the password and ends every session but `keepSession`; open reset links are dead with it. */
export async function setPassword(
  tx: Tx,
  input: { userId: string; passwordHash: string; keepSession: string | null },
): Promise<void> {
  const { userId, passwordHash, keepSession } = input;
  await tx.execute(sql`select account_password_set(${userId}, ${passwordHash})`);
  await tx.execute(sql`select account_sessions_revoke(${userId}, null, null, ${keepSession})`);
}

/**
 * Ends all other sessions of the person.
 * @throws ServiceError PASSWORD_WRONG, PASSWORD_WEAK, LOGIN_LIMITED
 */
export function changePassword(ctx: Ctx, input: { currentPassword: string; newPassword: string }) {
  const { userId, email, sessionId } = personOf(ctx);
  requireGoodPassword(input.newPassword, email);
  return withTransaction(ctx, async (tx) => {
    await requireOwnPassword(tx, ctx, { userId, email, password: input.currentPassword });
    const passwordHash = await hashPassword(input.newPassword);
    await setPassword(tx, { userId, passwordHash, keepSession: sessionId });
    await recordAudit(tx, ctx, { action: 'account.password', targetKind: 'user', targetId: userId });
    return { changed: true as const };
  });
}

/** How others see the person, in all their tenants. */
export function updateProfile(ctx: Ctx, input: { name: string }) {
  const { userId } = personOf(ctx);
  return withTransaction(ctx, async (tx) => {
    const before = await queryOne<{ name: string }>(tx, sql`select name from account_self(${userId})`);
    await tx.execute(sql`select account_profile(${userId}, ${input.name})`);
    await recordAudit(tx, ctx, {
      ...{ action: 'account.profile', targetKind: 'user', targetId: userId },
      ...{ before, after: { name: input.name } },
    });
    return { name: input.name };
  });
}
