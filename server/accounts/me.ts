// Who am I, and for which tenant: what the console's frame and a script's first request ask.
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { scopesOf } from '#server/auth/index.ts';
import { inTenant, query, queryOne, ServiceError, withTransaction } from '#server/lib/index.ts';
import { type Ctx, INSTALLATION, type Role } from '#server/tenancy/index.ts';
import { personOf } from './person.ts';

type TenantRow = { tenant_id: string; slug: string; name: string; status: 'active' | 'suspended'; role: Role };

/** The caller: a person with all their tenants, or a key with the one it is of. */
export async function getMe(ctx: Ctx) {
  const { actor } = ctx;
  const tenant = ctx.tenant.id === INSTALLATION.id ? null : ctx.tenant;
  const scopes = scopesOf(actor);
  if (actor.kind !== 'user') {
    const key = actor.kind === 'api_key' ? { id: actor.id } : null;
    return { user: null, key, tenant, role: null, scopes, tenants: [] };
  }
  return withTransaction(ctx, async (tx) => {
    const { name } = await queryOne<{ name: string }>(tx, sql`select name from account_self(${actor.id})`);
    const rows = await query<TenantRow>(tx, sql`select * from auth_tenants(${actor.id})`);
    return {
      user: { id: actor.id, email: actor.email, name, isInstanceOperator: actor.isInstanceOperator },
      key: null,
      tenant,
      role: tenant ? actor.role : null,
      scopes: tenant ? scopes : scopes.filter((scope) => scope.startsWith('account:') || scope.startsWith('tenants:')),
      tenants: rows.map((row) => ({
        ...{ id: row.tenant_id, slug: row.slug, name: row.name, role: row.role, status: row.status },
        isCurrent: row.tenant_id === tenant?.id,
      })),
    };
  });
}

/**
 * Makes this session one of another tenant of the person's: from the next request on, in every process. Other
 * sessions of the same person stay where they are.
 * @throws ServiceError TENANT_NOT_FOUND, TENANT_SUSPENDED
 */
export function switchTenant(ctx: Ctx, input: { tenant: string }) {
  const { userId, sessionId } = personOf(ctx);
  return withTransaction(ctx, async (tx) => {
    const rows = await query<TenantRow>(tx, sql`select * from auth_tenants(${userId})`);
    const wanted = input.tenant.toLowerCase();
    const found = rows.find((row) => row.tenant_id === wanted || row.slug === wanted);
    if (!found) throw new ServiceError('TENANT_NOT_FOUND', `you belong to no tenant "${input.tenant}"`);
    if (found.status !== 'active') throw new ServiceError('TENANT_SUSPENDED', `tenant "${found.slug}" is suspended`);
    const tenant = { id: found.tenant_id, slug: found.slug, name: found.name };
    const { done } = await queryOne<{ done: boolean }>(
      tx,
      sql`select auth_session_switch(${sessionId}, ${userId}, ${tenant.id}) as done`,
    );
    // Between the list and the switch the membership, the tenant or the session may have gone.
    if (!done) throw new ServiceError('TENANT_NOT_FOUND', `you belong to no tenant "${input.tenant}" any more`);
    await inTenant(tx, tenant.id, () =>
      recordAudit(tx, { ...ctx, tenant }, { action: 'session.switch', targetKind: 'tenant', targetId: tenant.id }),
    );
    return { tenant, role: found.role };
  });
}
