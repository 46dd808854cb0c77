// Accepting an invite, which is how accounts come to be. It never sets a password of an account that exists: who
// makes an invite could open its link as well, and would take the account over. There the person shows that they are
// that person, by their password or by being signed in.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { openSession, type SignIn, signIn } from '#server/auth/index.ts';
import {
  hashPassword,
  hashToken,
  type Logger,
  query,
  queryOne,
  ServiceError,
  type Tx,
  transaction,
} from '#server/lib/index.ts';
import type { Role, Tenant } from '#server/tenancy/index.ts';
import { requireGoodPassword } from './password.ts';

type Row = {
  invite_id: string;
  tenant_id: string;
  tenant_slug: string;
  tenant_name: string;
  email: string;
  role: Role;
  user_id: string | null;
};

export type Scope = { pool: Pool; log: Logger; requestId: string };
/** An invite that may be joined: by its link's token, or by a sign-in that has proved the e-mail. */
export type OpenInvite = { id: string; tenant: Tenant; email: string; role: Role };

async function readInvite(pool: Pool, token: string): Promise<(OpenInvite & { userId: string | null }) | null> {
  const [row] = await transaction(pool, {}, (tx) =>
    query<Row>(tx, sql`select * from auth_invite(${hashToken(token)})`),
  );
  if (!row) return null;
  const tenant = { id: row.tenant_id, slug: row.tenant_slug, name: row.tenant_name };
  return { id: row.invite_id, tenant, email: row.email, role: row.role, userId: row.user_id };
}

/**
 * What a link invites to; null for one that is unknown, used, revoked or expired, all alike. Whether the e-mail has an
 * account is not told: the link's maker may look, too.
 */
export async function findInvite(
  pool: Pool,
  token: string,
): Promise<{ email: string; role: Role; tenantName: string } | null> {
  const invite = await readInvite(pool, token);
  return invite && { email: invite.email, role: invite.role, tenantName: invite.tenant.name };
}

const linkInvalid = () =>
  new ServiceError('LINK_INVALID', 'the invite is unknown, used, withdrawn or expired: ask for a new one');

export type AcceptInvite = Omit<SignIn, 'email'> & {
  token: string;
  name: string;
  /** Who is signed in already, if anybody, and by which session. */
  signedInAs: { userId: string; sessionId: string } | null;
};

/**
 * Joins the tenant, with a new account or the one that the e-mail has. `token` is a new session's in the tenant; null
 * where the session that asked was moved there.
 * @throws ServiceError LINK_INVALID, PASSWORD_WEAK, LOGIN_FAILED, LOGIN_LIMITED
 */
export async function acceptInvite(scope: Scope, input: AcceptInvite): Promise<{ token: string | null }> {
  const { pool } = scope;
  const invite = await readInvite(pool, input.token);
  if (!invite) throw linkInvalid();
  if (invite.userId === null) {
    const userId = await joinAsNew(scope, invite, input);
    return openSession(pool, { userId, userAgent: input.userAgent, lifetimeSeconds: input.lifetimeSeconds });
  }
  const { userId, email } = invite;
  const own = input.signedInAs?.userId === userId ? input.signedInAs : null;
  const signed = own ? null : await signIn(pool, { ...input, email });
  const sessionId = signed?.sessionId ?? own!.sessionId;
  await transaction(pool, { tenantId: invite.tenant.id }, async (tx) => {
    await join(tx, scope, invite, userId);
    await tx.execute(sql`select auth_session_switch(${sessionId}, ${userId}, ${invite.tenant.id})`);
  });
  return { token: signed?.token ?? null };
}

async function joinAsNew(scope: Scope, invite: OpenInvite, input: AcceptInvite): Promise<string> {
  requireGoodPassword(input.password, invite.email);
  const passwordHash = await hashPassword(input.password);
  return transaction(scope.pool, { tenantId: invite.tenant.id }, async (tx) => {
    const { id } = await queryOne<{ id: string | null }>(
      tx,
      sql`select auth_user_make(${invite.email}, ${input.name}, ${passwordHash}) as id`,
    );
    // Somebody else made the account between the look and the leap: they may be another person.
    if (id === null) throw linkInvalid();
    await join(tx, scope, invite, id);
    return id;
  });
}

/**
 * Makes the invite's person a user of its tenant, in a transaction of that tenant.
 * @throws ServiceError LINK_INVALID when the invite was used, withdrawn or has expired meanwhile
 */
export async function join(tx: Tx, scope: Scope, invite: OpenInvite, userId: string): Promise<void> {
  const [used] = await query<{ createdBy: string; makerId: string | null; byInstance: boolean }>(
    tx,
    sql`update invites set accepted_at = now() where tenant_id = ${invite.tenant.id} and id = ${invite.id}
      and accepted_at is null and revoked_at is null and expires_at > now()
      returning created_by as "createdBy", maker_id as "makerId", by_instance as "byInstance"`,
  );
  if (!used) throw linkInvalid();
  await tx.execute(sql`insert into memberships (tenant_id, user_id, role)
    values (${invite.tenant.id}, ${userId}, ${invite.role}) on conflict do nothing`);
  await tx.execute(
    sql`select account_given(${userId}, 'membership', ${used.createdBy}, ${used.makerId}, ${used.byInstance})`,
  );
  await recordAudit(
    tx,
    {
      ...scope,
      tenant: invite.tenant,
      actor: { kind: 'user', id: userId, email: invite.email, role: invite.role, isInstanceOperator: false },
    },
    { action: 'user.join', targetKind: 'user', targetId: userId, details: { role: invite.role, invite: invite.id } },
  );
}
