// The people of a tenant. What is changed here is their membership; the account is the person's own.
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { findPersonBehind, ROLE_SCOPES } from '#server/auth/index.ts';
import { decodeCursor, query, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx, type Role } from '#server/tenancy/index.ts';
import { getMember, requireOtherAdmin, requireReach } from './reach.ts';
import { iso, likePattern } from './rows.ts';

type Row = {
  id: string;
  email: string;
  name: string;
  role: Role;
  status: 'active' | 'disabled';
  lastSeenAt: string | null;
  createdAt: string;
};

export type ListUsers = { search?: string | undefined; limit: number; cursor?: string | undefined };

const columns = sql`m.user_id as id, p.email, p.name, m.role, m.created_at as "createdAt", p.last_seen_at as "lastSeenAt",
  case when m.disabled_at is not null or p.is_disabled then 'disabled' else 'active' end as status`;

const itemOf = (row: Row) => ({ ...row, lastSeenAt: iso(row.lastSeenAt), createdAt: iso(row.createdAt)! });

/** @throws ServiceError USER_NOT_FOUND */
export function getUser(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const [row] = await query<Row>(
      tx,
      sql`select ${columns} from memberships m join account_people() p on p.user_id = m.user_id
        where m.tenant_id = ${ctx.tenant.id} and m.user_id = ${input.id}`,
    );
    if (!row) throw new ServiceError('USER_NOT_FOUND', `there is no user ${input.id} in this tenant`);
    return itemOf(row);
  });
}

/** By e-mail. Disabled: by this tenant, or everywhere by the instance. */
export function listUsers(ctx: Ctx, input: ListUsers) {
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  const pattern = likePattern(input.search);
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from memberships m join account_people() p on p.user_id = m.user_id
        where m.tenant_id = ${ctx.tenant.id} and (${after}::text is null or p.email > ${after})
          and (${pattern}::text is null or p.email ilike ${pattern} or p.name ilike ${pattern})
        order by p.email limit ${input.limit + 1}`,
    );
    return toPage(rows.map(itemOf), input.limit, (row) => [row.email]);
  });
}

/**
 * From the person's next request on, in every process.
 * @throws ServiceError USER_NOT_FOUND, LAST_ADMIN, FORBIDDEN
 */
export function setUserRole(ctx: Ctx, input: { id: string; role: Role }) {
  return withTransaction(ctx, async (tx) => {
    const member = await getMember(tx, ctx, input.id);
    requireReach(ctx.actor, member.role);
    requireReach(ctx.actor, input.role);
    if (ROLE_SCOPES[input.role].length < ROLE_SCOPES.admin.length) await requireOtherAdmin(tx, ctx, member);
    await tx.execute(sql`update memberships set role = ${input.role}
      where tenant_id = ${ctx.tenant.id} and user_id = ${member.id}`);
    // Who takes rights away gives nothing: it must not cost the person their vote.
    if (ROLE_SCOPES[input.role].length > ROLE_SCOPES[member.role].length) {
      const giverId = await findPersonBehind(tx, ctx.tenant.id, ctx.actor);
      await tx.execute(sql`select account_given(${member.id}, 'role', ${actorName(ctx.actor)}, ${giverId}, false)`);
    }
    await recordAudit(tx, ctx, {
      ...{ action: 'user.role', targetKind: 'user', targetId: member.id },
      ...{ before: { role: member.role }, after: { role: input.role }, details: { email: member.email } },
    });
    return { id: member.id, role: input.role };
  });
}

/**
 * Closes the tenant to a person, or opens it again; their account and other tenants are not touched.
 * @throws ServiceError USER_NOT_FOUND, LAST_ADMIN, FORBIDDEN
 */
export function setUserDisabled(ctx: Ctx, input: { id: string; isDisabled: boolean }) {
  return withTransaction(ctx, async (tx) => {
    const member = await getMember(tx, ctx, input.id);
    requireReach(ctx.actor, member.role);
    if (input.isDisabled) await requireOtherAdmin(tx, ctx, member);
    await tx.execute(sql`update memberships set disabled_at = case when ${input.isDisabled} then coalesce(disabled_at, now()) end
      where tenant_id = ${ctx.tenant.id} and user_id = ${member.id}`);
    await recordAudit(tx, ctx, {
      ...{ action: input.isDisabled ? 'user.disable' : 'user.enable', targetKind: 'user', targetId: member.id },
      ...{ before: { isDisabled: member.isDisabled }, after: { isDisabled: input.isDisabled } },
      details: { email: member.email },
    });
    return { id: member.id, status: input.isDisabled ? ('disabled' as const) : ('active' as const) };
  });
}

/**
 * Takes a person out of the tenant. What they did stays in the audit log.
 * @throws ServiceError USER_NOT_FOUND, LAST_ADMIN, FORBIDDEN
 */
export function removeUser(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const member = await getMember(tx, ctx, input.id);
    requireReach(ctx.actor, member.role);
    await requireOtherAdmin(tx, ctx, member);
    await tx.execute(sql`delete from memberships where tenant_id = ${ctx.tenant.id} and user_id = ${member.id}`);
    // Approvals ask who belonged to the tenant: leaving it first must not make anybody a stranger to it.
    const remover = await findPersonBehind(tx, ctx.tenant.id, ctx.actor);
    await tx.execute(sql`select account_given(${member.id}, 'left', ${actorName(ctx.actor)}, ${remover}, false)`);
    await recordAudit(tx, ctx, {
      ...{ action: 'user.remove', targetKind: 'user', targetId: member.id },
      ...{ before: { role: member.role }, details: { email: member.email } },
    });
    return { id: member.id };
  });
}
