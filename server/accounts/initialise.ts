// The first minute of an installation without the demo: somebody must be there before anybody can be invited.
// Runs as the owner, beside the database; no request reaches it.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { hashPassword, type Logger, query, queryOne, ServiceError, transaction } from '#server/lib/index.ts';
import { type Ctx, INSTALLATION, makeTenant, type Tenant } from '#server/tenancy/index.ts';
import { INVITE_HOURS, newLink, RESET_HOURS } from './links.ts';
import { requireGoodPassword } from './password.ts';

export type Initialise = {
  /** Of the instance operator. */
  email: string;
  name: string;
  /** Null: `passwordLink` lets them choose one. */
  password: string | null;
  tenant: { slug: string; name: string };
  /** Null: the instance operator is the tenant's first admin, too. */
  adminEmail: string | null;
};

export type Initialised = {
  tenant: Tenant;
  /** Path of a link, good once, where the password is still to be chosen. */
  passwordLink: string | null;
  /** Path of the first admin's invite, where that is somebody else. */
  adminLink: string | null;
};

/** Whether anybody is there who could let others in. As the owner. */
export async function findInstanceOperator(ownerPool: Pool): Promise<string | null> {
  const [row] = await ownerPool<{ email: string }[]>`
    select email from users where is_instance_operator order by created_at limit 1`;
  return row?.email ?? null;
}

/**
 * Makes the instance operator, the first tenant and its admin, all or nothing.
 * @throws ServiceError ALREADY_INITIALISED, PASSWORD_WEAK, TENANT_SLUG_TAKEN, INPUT_INVALID
 */
export async function initialise(scope: { pool: Pool; log: Logger }, input: Initialise): Promise<Initialised> {
  const { email } = input;
  if (input.password !== null) requireGoodPassword(input.password, email);
  const passwordHash = input.password === null ? null : await hashPassword(input.password);
  return transaction(scope.pool, {}, async (tx) => {
    // Two at once: the second waits here and then finds the first's operator.
    await tx.execute(sql`lock table users in share row exclusive mode`);
    const [found] = await query<{ email: string }>(tx, sql`select email from users where is_instance_operator limit 1`);
    if (found)
      throw new ServiceError(
        'ALREADY_INITIALISED',
        `${found.email} is the instance operator already: nothing was changed`,
      );
    const tenant = await makeTenant(tx, input.tenant);
    const user = await queryOne<{ id: string }>(
      tx,
      sql`insert into users (email, name, password_hash, is_instance_operator)
        values (${email}, ${input.name}, ${passwordHash}, true) returning id`,
    );
    const ctx: Ctx = { ...scope, tenant, actor: { kind: 'system', id: 'init' }, requestId: 'init' };
    const reset = passwordHash === null ? newLink('reset') : null;
    if (reset)
      await tx.execute(sql`insert into password_resets (user_id, token_hash, created_by, expires_at)
        values (${user.id}, ${reset.hash}, 'system:init', now() + make_interval(hours => ${RESET_HOURS}::int))`);
    const invite = input.adminEmail === null ? null : newLink('invite');
    if (invite)
      await tx.execute(sql`insert into invites (tenant_id, email, role, token_hash, created_by, expires_at)
        values (${tenant.id}, ${input.adminEmail}, 'admin', ${invite.hash}, 'system:init', now() + make_interval(hours => ${INVITE_HOURS}::int))`);
    else
      await tx.execute(
        sql`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user.id}, 'admin')`,
      );
    const entry = {
      ...{ action: 'instance.init', targetKind: 'tenant', targetId: tenant.id },
      after: { slug: tenant.slug, operator: email, admin: input.adminEmail ?? email },
    };
    await recordAudit(tx, { ...ctx, tenant: INSTALLATION }, entry);
    await recordAudit(tx, ctx, entry);
    return { tenant, passwordLink: reset?.path ?? null, adminLink: invite?.path ?? null };
  });
}
