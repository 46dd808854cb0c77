// Inviting people. The answer is the same whether the e-mail has an account on this installation or not.
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { findPersonBehind } from '#server/auth/index.ts';
import { decodeCursor, query, queryOne, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx, type Role } from '#server/tenancy/index.ts';
import { newLink } from './links.ts';
import { requireReach } from './reach.ts';
import { iso } from './rows.ts';

type Row = { id: string; email: string; role: Role; createdBy: string; createdAt: string; expiresAt: string };

export type InviteUser = { email: string; role: Role; expiresInHours: number };

/**
 * Makes an invite and its link, which is in this answer and nowhere else. A second one for the same e-mail takes the
 * first one's place, and its link is dead.
 * @throws ServiceError USER_ALREADY_MEMBER, FORBIDDEN
 */
export function inviteUser(ctx: Ctx, input: InviteUser) {
  return withTransaction(ctx, async (tx) => {
    requireReach(ctx.actor, input.role);
    return makeInvite(tx, ctx, input);
  });
}

/**
 * The same, for callers that have checked who may. The transaction must be the invite's tenant's. `isByInstance`: by the
 * instance operator in that office, and not as one of the tenant's people.
 */
export async function makeInvite(tx: Tx, ctx: Ctx, input: InviteUser & { isByInstance?: boolean }) {
  const [member] = await query(tx, sql`select from account_people() where email = ${input.email}`);
  if (member) throw new ServiceError('USER_ALREADY_MEMBER', `${input.email} is a user of this tenant already`);
  const link = newLink('invite');
  const row = await queryOne<{ id: string; expiresAt: string }>(
    tx,
    sql`insert into invites (tenant_id, email, role, token_hash, created_by, maker_id, by_instance, expires_at)
      values (${ctx.tenant.id}, ${input.email}, ${input.role}, ${link.hash}, ${actorName(ctx.actor)},
        ${await findPersonBehind(tx, ctx.tenant.id, ctx.actor)}, ${input.isByInstance === true},
        now() + make_interval(hours => ${input.expiresInHours}::int))
      on conflict (tenant_id, email) where accepted_at is null and revoked_at is null do update
        set role = excluded.role, token_hash = excluded.token_hash, created_by = excluded.created_by,
          maker_id = excluded.maker_id, by_instance = excluded.by_instance, created_at = now(), expires_at = excluded.expires_at
      returning id, expires_at as "expiresAt"`,
  );
  await recordAudit(tx, ctx, {
    ...{ action: 'user.invite', targetKind: 'invite', targetId: row.id },
    details: { email: input.email, role: input.role, expiresAt: iso(row.expiresAt) },
  });
  return { id: row.id, email: input.email, role: input.role, expiresAt: iso(row.expiresAt)!, linkPath: link.path };
}

/** Invites that can still be accepted, newest first. */
export function listInvites(ctx: Ctx, input: { limit: number; cursor?: string | undefined }) {
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select id, email, role, created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt"
        from invites where tenant_id = ${ctx.tenant.id} and accepted_at is null and revoked_at is null
          and expires_at > now() and (${after}::text is null or id < ${after}::uuid)
        order by id desc limit ${input.limit + 1}`,
    );
    const items = rows.map((row) => ({ ...row, createdAt: iso(row.createdAt)!, expiresAt: iso(row.expiresAt)! }));
    return toPage(items, input.limit, (row) => [row.id]);
  });
}

/** @throws ServiceError INVITE_NOT_FOUND, FORBIDDEN */
export function revokeInvite(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const [row] = await query<{ id: string; email: string; role: Role }>(
      tx,
      sql`update invites set revoked_at = now()
        where tenant_id = ${ctx.tenant.id} and id = ${input.id} and accepted_at is null and revoked_at is null
        returning id, email, role`,
    );
    if (!row) throw new ServiceError('INVITE_NOT_FOUND', `there is no open invite ${input.id} in this tenant`);
    requireReach(ctx.actor, row.role);
    await recordAudit(tx, ctx, {
      ...{ action: 'user.uninvite', targetKind: 'invite', targetId: row.id, details: { email: row.email } },
    });
    return { id: row.id };
  });
}
