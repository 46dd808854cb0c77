// Browser sessions: one's own everywhere, and for admins those that are in their tenant now.
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { query, queryOne, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { personOf } from './person.ts';
import { getMember, requireReach } from './reach.ts';
import { iso } from './rows.ts';

type Row = {
  session_id: string;
  user_id: string;
  email: string;
  user_name: string;
  tenant_slug: string | null;
  tenant_name: string | null;
  created_at: string;
  last_seen_at: string;
  last_used_at: string;
  expires_at: string;
  user_agent: string;
};

/** More than anybody has open; the rest is older still. */
const MAX_LISTED = 200;

/** Null: of all users, in all tenants; never both. */
type Which = { userId: string | null; tenantId: string | null; only?: string };

const rowsOf = (tx: Tx, { userId, tenantId, only }: Which, idleSeconds: number | null) =>
  query<Row>(
    tx,
    sql`select * from account_sessions(${userId}, ${tenantId}, ${idleSeconds}::int)
      where ${only ?? null}::uuid is null or session_id = ${only ?? null}::uuid limit ${MAX_LISTED}`,
  );

async function readSessions(tx: Tx, which: Which, own: string | null, idleSeconds: number | null) {
  return (await rowsOf(tx, which, idleSeconds)).map((row) => ({
    id: row.session_id,
    user: { id: row.user_id, email: row.email, name: row.user_name },
    tenant: row.tenant_slug === null ? null : { slug: row.tenant_slug, name: row.tenant_name ?? '' },
    userAgent: row.user_agent,
    ...{ createdAt: iso(row.created_at)!, lastUsedAt: iso(row.last_used_at)!, lastSeenAt: iso(row.last_seen_at)! },
    expiresAt: iso(row.expires_at)!,
    isCurrent: row.session_id === own,
  }));
}

async function revoke(tx: Tx, { userId, tenantId, only, but }: Which & { but?: string }): Promise<number> {
  const { revoked } = await queryOne<{ revoked: number }>(
    tx,
    sql`select account_sessions_revoke(${userId}, ${tenantId}, ${only ?? null}, ${but ?? null}) as revoked`,
  );
  return revoked;
}

/** The person's own open sessions in all tenants, the last used first. */
export function listMySessions(ctx: Ctx) {
  const { userId, sessionId, idleSeconds } = personOf(ctx);
  return withTransaction(ctx, async (tx) => ({
    items: await readSessions(tx, { userId, tenantId: null }, sessionId, idleSeconds),
  }));
}

/**
 * Ends one of the person's own sessions; the one that asks may end itself.
 * @throws ServiceError SESSION_NOT_FOUND
 */
export function revokeMySession(ctx: Ctx, input: { id: string }) {
  const { userId } = personOf(ctx);
  return withTransaction(ctx, async (tx) => {
    const revoked = await revoke(tx, { userId, tenantId: null, only: input.id });
    if (revoked === 0) throw new ServiceError('SESSION_NOT_FOUND', `you have no open session ${input.id}`);
    await recordAudit(tx, ctx, { action: 'session.revoke', targetKind: 'session', targetId: input.id });
    return { revoked };
  });
}

/** Ends all of the person's sessions but the one that asks. */
export function revokeMyOtherSessions(ctx: Ctx) {
  const { userId, sessionId } = personOf(ctx);
  return withTransaction(ctx, async (tx) => {
    const revoked = await revoke(tx, { userId, tenantId: null, but: sessionId });
    await recordAudit(tx, ctx, {
      ...{ action: 'session.revoke', targetKind: 'user', targetId: userId, details: { revoked } },
    });
    return { revoked };
  });
}

/** Open sessions that are in this tenant now, the last used first. */
export function listSessions(ctx: Ctx, input: { userId?: string | undefined }) {
  const own = ctx.actor.kind === 'user' ? ctx.actor.session : undefined;
  const which = { userId: input.userId ?? null, tenantId: ctx.tenant.id };
  return withTransaction(ctx, async (tx) => {
    if (input.userId) await getMember(tx, ctx, input.userId);
    return { items: await readSessions(tx, which, own?.id ?? null, own?.idleSeconds ?? null) };
  });
}

/**
 * Ends one session that is in this tenant.
 * @throws ServiceError SESSION_NOT_FOUND, FORBIDDEN
 */
export function revokeSession(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const [session] = await rowsOf(tx, { userId: null, tenantId: ctx.tenant.id, only: input.id }, null);
    if (!session) throw new ServiceError('SESSION_NOT_FOUND', `there is no open session ${input.id} in this tenant`);
    // Who was removed meanwhile has no role here that would protect the session.
    const [member] = await query<{ role: 'viewer' | 'operator' | 'admin' }>(
      tx,
      sql`select role from memberships where tenant_id = ${ctx.tenant.id} and user_id = ${session.user_id}`,
    );
    if (member) requireReach(ctx.actor, member.role);
    const revoked = await revoke(tx, { userId: session.user_id, tenantId: ctx.tenant.id, only: input.id });
    await recordAudit(tx, ctx, {
      ...{ action: 'session.revoke', targetKind: 'session', targetId: input.id },
      details: { email: session.email },
    });
    return { revoked };
  });
}

/**
 * Ends all sessions of one user that are in this tenant.
 * @throws ServiceError USER_NOT_FOUND, FORBIDDEN
 */
export function revokeUserSessions(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const member = await getMember(tx, ctx, input.id);
    requireReach(ctx.actor, member.role);
    const revoked = await revoke(tx, { userId: member.id, tenantId: ctx.tenant.id });
    await recordAudit(tx, ctx, {
      ...{ action: 'session.revoke', targetKind: 'user', targetId: member.id },
      details: { email: member.email, revoked },
    });
    return { revoked };
  });
}
