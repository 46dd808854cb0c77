// Who may come in by another provider: who was invited or is a user already, by an e-mail that the provider vouches
// for. From then on the provider's subject is the person: an e-mail may be given to somebody else there.
import { sql } from '#db/drizzle.ts';
import { type OidcIdentity, openSession } from '#server/auth/index.ts';
import { inTenant, query, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import type { Role } from '#server/tenancy/index.ts';
import { join, type Scope } from './accept-invite.ts';

type Known = { user_id: string; email: string; disabled: boolean; is_bound: boolean };
type Open = { invite_id: string; tenant_id: string; tenant_slug: string; tenant_name: string; role: Role };

/** The same for an unknown person, a disabled one, an unverified e-mail and one who is somebody else there. */
const notKnown = () => new ServiceError('OIDC_UNKNOWN');

/**
 * Opens a session, after making the account and joining the tenants that the e-mail is invited to.
 * @throws ServiceError OIDC_UNKNOWN
 */
export async function signInIdentity(
  scope: Scope,
  identity: OidcIdentity,
  session: { userAgent: string; lifetimeSeconds: number },
): Promise<{ token: string }> {
  const userId = await transaction(scope.pool, {}, (tx) => findOrMake(tx, scope, identity));
  return openSession(scope.pool, { userId, ...session });
}

async function findOrMake(tx: Tx, scope: Scope, identity: OidcIdentity): Promise<string> {
  const { issuer, subject, verifiedEmail } = identity;
  const [known] = await query<Known>(tx, sql`select * from auth_identity(${issuer}, ${subject}, ${verifiedEmail})`);
  if (known?.disabled) throw notKnown();
  const email = known?.email ?? verifiedEmail;
  if (email === null) throw notKnown();
  const userId = known?.user_id ?? (await makeAccount(tx, email, identity.name));
  // Whoever made the account showed no proof of its e-mail: the provider's word is the first. A password that somebody
  // else may have set, links to set one, and sessions opened by it end here, before anything more is given.
  if (known && !known.is_bound) {
    await tx.execute(sql`select account_password_set(${userId}, null)`);
    await tx.execute(sql`select account_sessions_revoke(${userId}, null, null, null)`);
  }
  // An e-mail that the provider does not vouch for, or another one than the account's, is invited to nothing.
  const invites = verifiedEmail === email ? await joinAll(tx, scope, email, userId) : 0;
  if (!known?.is_bound) {
    if (invites === 0 && !(await isUser(tx, userId))) throw notKnown();
    await tx.execute(sql`select auth_identity_bind(${issuer}, ${subject}, ${userId})`);
  }
  return userId;
}

/** @throws ServiceError OIDC_UNKNOWN where the e-mail has an account that is somebody else at the provider */
async function makeAccount(tx: Tx, email: string, name: string): Promise<string> {
  const { id } = await queryOne<{ id: string | null }>(
    tx,
    sql`select auth_user_make(${email}, ${name || email.split('@')[0]}, null) as id`,
  );
  if (id === null) throw notKnown();
  return id;
}

async function joinAll(tx: Tx, scope: Scope, email: string, userId: string): Promise<number> {
  const invites = await query<Open>(tx, sql`select * from auth_invites_of(${email})`);
  for (const invite of invites) {
    const tenant = { id: invite.tenant_id, slug: invite.tenant_slug, name: invite.tenant_name };
    await inTenant(tx, tenant.id, () =>
      join(tx, scope, { id: invite.invite_id, tenant, email, role: invite.role }, userId),
    );
  }
  return invites.length;
}

async function isUser(tx: Tx, userId: string): Promise<boolean> {
  const { isThere } = await queryOne<{ isThere: boolean }>(
    tx,
    sql`select exists (select from auth_tenants(${userId})) or is_instance_operator as "isThere"
      from account_reach(${userId}, null)`,
  );
  return isThere;
}
