// Whom an actor may change, and what must be left when they have.
import { sql } from '#db/drizzle.ts';
import { mayGive, ROLE_SCOPES } from '#server/auth/index.ts';
import { query, ServiceError, type Tx } from '#server/lib/index.ts';
import type { Actor, Ctx, Role } from '#server/tenancy/index.ts';

export type Member = {
  id: string;
  email: string;
  name: string;
  role: Role;
  isDisabled: boolean;
};

/**
 * A role is given and taken only by those who may do all that it allows: else a key for inviting viewers would be
 * a key to everything, by an admin of its own making or by another's password.
 * @throws ServiceError FORBIDDEN
 */
export function requireReach(actor: Actor, role: Role): void {
  if (!mayGive(actor, ROLE_SCOPES[role]))
    throw new ServiceError('FORBIDDEN', `this credential may do less than the role ${role}, so it may not touch it`);
}

/** @throws ServiceError USER_NOT_FOUND */
export async function getMember(tx: Tx, ctx: Ctx, userId: string): Promise<Member> {
  const [row] = await query<Member>(
    tx,
    sql`select m.user_id as id, p.email, p.name, m.role, m.disabled_at is not null as "isDisabled"
      from memberships m join account_people() p on p.user_id = m.user_id
      where m.tenant_id = ${ctx.tenant.id} and m.user_id = ${userId}`,
  );
  if (!row) throw new ServiceError('USER_NOT_FOUND', `there is no user ${userId} in this tenant`);
  return row;
}

/**
 * Holds every admin's row until the transaction ends, so that two admins who demote one another at the same moment
 * do not both succeed: the second waits here and then finds itself the last.
 * @throws ServiceError LAST_ADMIN
 */
export async function requireOtherAdmin(tx: Tx, ctx: Ctx, member: Member): Promise<void> {
  if (member.role !== 'admin' || member.isDisabled) return;
  const admins = await query<{ id: string }>(
    tx,
    sql`select user_id as id from memberships where tenant_id = ${ctx.tenant.id} and role = 'admin' and disabled_at is null
      order by user_id for update`,
  );
  const others = admins.map(({ id }) => id).filter((id) => id !== member.id);
  const [able] = await query<{ count: number }>(
    tx,
    sql`select count(*)::int as count from account_people() where not is_disabled and user_id = any (${sql.param(others)}::uuid[])`,
  );
  if (!able?.count)
    throw new ServiceError('LAST_ADMIN', `${member.email} is the last admin of this tenant: make another one first`);
}
