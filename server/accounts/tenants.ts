// Tenants, for the instance operator. Each change stands in the instance's log and in the tenant's own.
import { sql } from '#db/drizzle.ts';
import { type AuditEntry, recordAudit } from '#server/audit/index.ts';
import {
  decodeCursor,
  inTenant,
  query,
  queryOne,
  ServiceError,
  type Tx,
  toPage,
  withTransaction,
} from '#server/lib/index.ts';
import { actorName, type Ctx, makeTenant, type Tenant } from '#server/tenancy/index.ts';
import { makeInvite } from './invites.ts';
import { INVITE_HOURS } from './links.ts';
import { iso, likePattern } from './rows.ts';

type Row = {
  id: string;
  slug: string;
  name: string;
  status: 'active' | 'suspended';
  createdAt: string;
  suspendedAt: string | null;
  suspendedBy: string | null;
  suspendReason: string | null;
  userCount: number;
  adminCount: number;
};

const columns = sql`tenant_id as id, slug, name, status, created_at as "createdAt", suspended_at as "suspendedAt",
  suspended_by as "suspendedBy", suspend_reason as "suspendReason", user_count as "userCount", admin_count as "adminCount"`;

const itemOf = (row: Row) => ({ ...row, createdAt: iso(row.createdAt)!, suspendedAt: iso(row.suspendedAt) });

/** By slug. */
export function listTenants(
  ctx: Ctx,
  input: { search?: string | undefined; limit: number; cursor?: string | undefined },
) {
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  const pattern = likePattern(input.search);
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from instance_tenants() where (${after}::text is null or slug > ${after})
        and (${pattern}::text is null or slug ilike ${pattern} or name ilike ${pattern})
        order by slug limit ${input.limit + 1}`,
    );
    return toPage(rows.map(itemOf), input.limit, (row) => [row.slug]);
  });
}

/** By id or slug. @throws ServiceError TENANT_NOT_FOUND */
async function getTenant(tx: Tx, ref: string): Promise<Row> {
  const [row] = await query<Row>(
    tx,
    sql`select ${columns} from instance_tenants() where tenant_id::text = ${ref.toLowerCase()} or slug = ${ref}`,
  );
  if (!row) throw new ServiceError('TENANT_NOT_FOUND', `there is no tenant "${ref}" on this installation`);
  return row;
}

/** Does `fn` inside the tenant, and writes the entry to both logs. */
async function auditBoth<T>(
  tx: Tx,
  ctx: Ctx,
  tenant: Tenant,
  entry: AuditEntry,
  fn?: () => Promise<T>,
): Promise<T | undefined> {
  await recordAudit(tx, ctx, entry);
  return inTenant(tx, tenant.id, async () => {
    const result = await fn?.();
    await recordAudit(tx, { ...ctx, tenant }, entry);
    return result;
  });
}

export type CreateTenant = { slug: string; name: string; adminEmail: string; expiresInHours?: number };

/**
 * Makes a tenant, its role and schema, and an invite for its first admin, all or nothing.
 * @throws ServiceError TENANT_SLUG_TAKEN, INPUT_INVALID
 */
export function createTenantWithAdmin(ctx: Ctx, input: CreateTenant) {
  return withTransaction(ctx, async (tx) => {
    const tenant = await makeTenant(tx, { slug: input.slug, name: input.name });
    const entry = {
      ...{ action: 'tenant.create', targetKind: 'tenant', targetId: tenant.id },
      after: { slug: tenant.slug, name: tenant.name, adminEmail: input.adminEmail },
    };
    const invite = await auditBoth(tx, ctx, tenant, entry, () =>
      makeInvite(
        tx,
        { ...ctx, tenant },
        { email: input.adminEmail, role: 'admin', expiresInHours: INVITE_HOURS, isByInstance: true },
      ),
    );
    const { linkPath, ...rest } = invite!;
    return { tenant, invite: rest, linkPath };
  });
}

/**
 * Another first admin, for when the first link was lost or expired, or every admin has left.
 * @throws ServiceError TENANT_NOT_FOUND, USER_ALREADY_MEMBER
 */
export function inviteTenantAdmin(ctx: Ctx, input: { id: string; email: string; expiresInHours: number }) {
  return withTransaction(ctx, async (tx) => {
    const { id, slug, name } = await getTenant(tx, input.id);
    const tenant = { id, slug, name };
    const entry = {
      ...{ action: 'tenant.invite', targetKind: 'tenant', targetId: id, details: { email: input.email } },
    };
    const made = await auditBoth(tx, ctx, tenant, entry, () =>
      makeInvite(
        tx,
        { ...ctx, tenant },
        { email: input.email, role: 'admin', expiresInHours: input.expiresInHours, isByInstance: true },
      ),
    );
    return made!;
  });
}

/**
 * Shuts the tenant's people and keys out from their next request on, in every process; reason null lets them in again.
 * A tenant that is so already stays as it is.
 * @throws ServiceError TENANT_NOT_FOUND
 */
export function setTenantSuspended(ctx: Ctx, input: { id: string; reason: string | null }) {
  return withTransaction(ctx, async (tx) => {
    const { id, slug, name, status } = await getTenant(tx, input.id);
    const { changed } = await queryOne<{ changed: boolean }>(
      tx,
      sql`select instance_tenant_suspend(${id}, ${input.reason}, ${actorName(ctx.actor)}) as changed`,
    );
    const now = input.reason === null ? ('active' as const) : ('suspended' as const);
    const entry = {
      ...{ action: input.reason === null ? 'tenant.resume' : 'tenant.suspend', targetKind: 'tenant', targetId: id },
      ...{ before: { status }, after: { status: now }, details: { slug, reason: input.reason, changed } },
    };
    await auditBoth(tx, ctx, { id, slug, name }, entry);
    return itemOf(await getTenant(tx, id));
  });
}
