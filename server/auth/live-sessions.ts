import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { hashToken, query, transaction } from '#server/lib/index.ts';

/**
 * Of these session tokens those that still count, with the tenant that each is in: one statement for all of
 * them. Asking keeps a session awake, as a request would.
 */
export async function findLiveSessions(
  pool: Pool,
  tokens: readonly string[],
  idleSeconds: number,
): Promise<Map<string, { tenantId: string }>> {
  const alive = new Map<string, { tenantId: string }>();
  if (tokens.length === 0) return alive;
  const hashes = tokens.map((token) => hashToken(token).toString('hex')).join(',');
  const rows = await transaction(pool, {}, (tx) =>
    query<{ place: string; tenantId: string }>(
      tx,
      sql`select t.place, s.tenant_id as "tenantId"
        from unnest(string_to_array(${hashes}, ',')) with ordinality t(hash, place)
        cross join lateral auth_session(decode(t.hash, 'hex'), ${idleSeconds}::int) s
        where s.tenant_status = 'active' and s.role is not null`,
    ),
  );
  for (const { place, tenantId } of rows) alive.set(tokens[Number(place) - 1]!, { tenantId });
  return alive;
}
