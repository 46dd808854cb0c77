import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';
import type { Actor } from '#server/tenancy/index.ts';

/**
 * The id of the person that an actor acts for: themselves, or who made the key. Null for the program itself, and for a
 * key that was made by a script: nobody can say whose hands it is in.
 */
export async function findPersonBehind(tx: Tx, tenantId: string, actor: Pick<Actor, 'kind' | 'id'>) {
  if (actor.kind === 'user') return actor.id;
  if (actor.kind === 'system') return null;
  const [key] = await query<{ createdBy: string | null }>(
    tx,
    sql`select created_by as "createdBy" from api_keys where tenant_id = ${tenantId} and id = ${actor.id}`,
  );
  return key?.createdBy ?? null;
}
