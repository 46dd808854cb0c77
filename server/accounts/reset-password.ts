// Reset links. Whoever makes one could use it themselves, so a tenant's admin makes them only for accounts that are
// of that tenant alone: with anybody else's they would open another tenant, or the instance.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { findPersonBehind } from '#server/auth/index.ts';
import {
  hashPassword,
  hashToken,
  inTenant,
  type Logger,
  query,
  queryOne,
  ServiceError,
  type Tx,
  transaction,
  withTransaction,
} from '#server/lib/index.ts';
import { actorName, type Ctx, INSTALLATION } from '#server/tenancy/index.ts';
import { newLink } from './links.ts';
import { requireGoodPassword, setPassword } from './password.ts';
import { getMember, requireReach } from './reach.ts';
import { iso } from './rows.ts';

async function makeLink(tx: Tx, ctx: Ctx, user: { id: string; email: string }, hours: number) {
  const link = newLink('reset');
  const madeFor = ctx.tenant.id === INSTALLATION.id ? null : ctx.tenant.id;
  const { expiresAt } = await queryOne<{ expiresAt: string }>(
    tx,
    sql`select account_reset_make(${user.id}, ${link.hash}, ${hours * 3_600}::int, ${actorName(ctx.actor)},
      ${await findPersonBehind(tx, ctx.tenant.id, ctx.actor)}, ${madeFor}) as "expiresAt"`,
  );
  await recordAudit(tx, ctx, {
    ...{ action: 'user.reset', targetKind: 'user', targetId: user.id },
    details: { email: user.email, expiresAt: iso(expiresAt) },
  });
  return { email: user.email, expiresAt: iso(expiresAt)!, linkPath: link.path };
}

/**
 * A link by which a user of the tenant sets a new password; an earlier one is dead with it.
 * @throws ServiceError USER_NOT_FOUND, FORBIDDEN
 */
export function makeResetLink(ctx: Ctx, input: { id: string; expiresInHours: number }) {
  return withTransaction(ctx, async (tx) => {
    const member = await getMember(tx, ctx, input.id);
    requireReach(ctx.actor, member.role);
    const reach = await queryOne<{ is_instance_operator: boolean; other_tenants: number }>(
      tx,
      sql`select * from account_reach(${member.id}, ${ctx.tenant.id})`,
    );
    if (reach.is_instance_operator || reach.other_tenants > 0)
      throw new ServiceError(
        'FORBIDDEN',
        `the account of ${member.email} opens more than this tenant: ask the instance operator for the link`,
      );
    return makeLink(tx, ctx, member, input.expiresInHours);
  });
}

/**
 * The same by the instance operator, for any account.
 * @throws ServiceError USER_NOT_FOUND
 */
export function makeInstanceResetLink(ctx: Ctx, input: { email: string; expiresInHours: number }) {
  return withTransaction(ctx, async (tx) => {
    const [user] = await query<{ id: string }>(tx, sql`select user_id as id from auth_login(${input.email})`);
    if (!user) throw new ServiceError('USER_NOT_FOUND', `nobody on this installation has the e-mail ${input.email}`);
    return makeLink(tx, ctx, { id: user.id, email: input.email }, input.expiresInHours);
  });
}

type Reset = { user_id: string; email: string; made_for: string | null };

const linkInvalid = () => new ServiceError('LINK_INVALID', 'the link is unknown, used or expired: ask for a new one');

/** Whose password a link sets; null for one that is unknown, used or expired, all alike. */
export async function findReset(pool: Pool, token: string): Promise<{ email: string } | null> {
  const [row] = await transaction(pool, {}, (tx) =>
    query<Reset>(tx, sql`select * from auth_reset(${hashToken(token)})`),
  );
  return row ? { email: row.email } : null;
}

/**
 * Sets the password that a link allows to set, once, and ends all of the person's sessions.
 * @throws ServiceError LINK_INVALID, PASSWORD_WEAK
 */
export async function resetPassword(
  scope: { pool: Pool; log: Logger; requestId: string },
  input: { token: string; password: string },
): Promise<void> {
  const hash = hashToken(input.token);
  const [found] = await transaction(scope.pool, {}, (tx) => query<Reset>(tx, sql`select * from auth_reset(${hash})`));
  if (!found) throw linkInvalid();
  requireGoodPassword(input.password, found.email);
  // Outside the transaction: it takes a tenth of a second, and the link's row is held inside.
  const passwordHash = await hashPassword(input.password);
  const log = { ...INSTALLATION, id: found.made_for ?? INSTALLATION.id };
  await transaction(scope.pool, { tenantId: log.id }, async (tx) => {
    const { used } = await queryOne<{ used: boolean }>(tx, sql`select auth_reset_use(${hash}) as used`);
    if (!used) throw linkInvalid();
    await setPassword(tx, { userId: found.user_id, passwordHash, keepSession: null });
    await inTenant(tx, log.id, () =>
      recordAudit(
        tx,
        {
          ...{ pool: scope.pool, log: scope.log, requestId: scope.requestId, tenant: log },
          actor: {
            ...{ kind: 'user', id: found.user_id, email: found.email, role: 'viewer', isInstanceOperator: false },
          },
        },
        { action: 'account.reset', targetKind: 'user', targetId: found.user_id },
      ),
    );
  });
}
