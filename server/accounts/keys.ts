// API keys of a tenant. A key is shown once, in the answer that made it; the store has its hash and first letters.
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { findPersonBehind, mayGive, newApiKey, type Scope, scopesOf, storeApiKey } from '#server/auth/index.ts';
import { decodeCursor, query, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { iso } from './rows.ts';

type Row = {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  status: 'active' | 'expired' | 'revoked';
  createdBy: string | null;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
};

export type ListKeys = { state: 'active' | 'all'; limit: number; cursor?: string | undefined };

/** Newest first. */
export function listKeys(ctx: Ctx, input: ListKeys) {
  const after = input.cursor ? decodeCursor(input.cursor, 1)[0]! : null;
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select k.id, k.name, k.prefix, k.scopes, p.email as "createdBy", k.created_at as "createdAt",
          k.expires_at as "expiresAt", k.last_used_at as "lastUsedAt", k.revoked_at as "revokedAt",
          case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active' end as status
        from api_keys k left join account_people() p on p.user_id = k.created_by
        where k.tenant_id = ${ctx.tenant.id} and (${after}::text is null or k.id < ${after}::uuid)
          and (${input.state} = 'all' or k.revoked_at is null and (k.expires_at is null or k.expires_at > now()))
        order by k.id desc limit ${input.limit + 1}`,
    );
    const items = rows.map((row) => ({
      ...row,
      ...{ createdAt: iso(row.createdAt)!, expiresAt: iso(row.expiresAt) },
      ...{ lastUsedAt: iso(row.lastUsedAt), revokedAt: iso(row.revokedAt) },
    }));
    return toPage(items, input.limit, (row) => [row.id]);
  });
}

export type CreateKey = { name: string; scopes: Scope[]; expiresInDays?: number | undefined };

/**
 * Makes a key that may do no more than who makes it.
 * @throws ServiceError FORBIDDEN
 */
export function createKey(ctx: Ctx, input: CreateKey) {
  const { actor, tenant } = ctx;
  const scopes = [...new Set(input.scopes)];
  if (!mayGive(actor, scopes)) {
    const mine = new Set(scopesOf(actor));
    const foreign = scopes.filter((scope) => !mine.has(scope));
    throw new ServiceError('FORBIDDEN', `a key cannot be given what its maker may not do: ${foreign.join(', ')}`);
  }
  return withTransaction(ctx, async (tx) => {
    const key = newApiKey();
    const made = await storeApiKey(tx, {
      ...{ tenantId: tenant.id, name: input.name, key, scopes },
      // A key made by a key is its person's too: what one may not approve with one's own, one may not with a second.
      createdBy: await findPersonBehind(tx, tenant.id, actor),
      expiresInDays: input.expiresInDays ?? null,
    });
    if (!made) throw new Error('two random keys were the same');
    const expiresAt = made.expiresAt?.toISOString() ?? null;
    await recordAudit(tx, ctx, {
      ...{ action: 'key.create', targetKind: 'api_key', targetId: made.id },
      details: { name: input.name, prefix: made.prefix, scopes, expiresAt },
    });
    return { id: made.id, name: input.name, prefix: made.prefix, scopes, expiresAt, key };
  });
}

/**
 * The key is refused from the next request on, in every process. A revoked key stays so.
 * @throws ServiceError KEY_NOT_FOUND
 */
export function revokeKey(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const [row] = await query<{ id: string; name: string; revokedAt: string }>(
      tx,
      sql`update api_keys set revoked_at = coalesce(revoked_at, now()) where tenant_id = ${ctx.tenant.id} and id = ${input.id}
        returning id, name, revoked_at as "revokedAt"`,
    );
    if (!row) throw new ServiceError('KEY_NOT_FOUND', `there is no API key ${input.id} in this tenant`);
    await recordAudit(tx, ctx, {
      ...{ action: 'key.revoke', targetKind: 'api_key', targetId: row.id, details: { name: row.name } },
    });
    return { id: row.id, revokedAt: iso(row.revokedAt)! };
  });
}
