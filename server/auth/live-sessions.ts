import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { hashToken, query, transaction } from '#server/lib/index.ts';

/**
 * Of these session tokens those that still count, with the active tenant that each is in (null: none): one statement
 * for all of them. Asking does not keep a session awake: it is asked for pages that only listen, and a page that was
 * left open must reach its idle time-out.
 */
export async function findLiveSessions(
  pool: Pool,
  tokens: readonly string[],
  idleSeconds: number,
): Promise<Map<string, { tenantId: string | null }>> {
  const alive = new Map<string, { tenantId: string | null }>();
  if (tokens.length === 0) return alive;
  const hashes = tokens.map((token) => hashToken(token).toString('hex')).join(',');
  const rows = await transaction(pool, {}, (tx) =>
    query<{ place: string; tenantId: string | null }>(
      tx,
      sql`select place, tenant_id as "tenantId" from auth_sessions_alive(array(select decode(t.hash, 'hex')
        from unnest(string_to_array(${hashes}, ',')) with ordinality t(hash, n) order by n), ${idleSeconds}::int)`,
    ),
  );
  for (const { place, tenantId } of rows) alive.set(tokens[Number(place) - 1]!, { tenantId });
  return alive;
}
