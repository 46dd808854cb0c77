import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { findParty, partyOfName } from './people.ts';
import type { Party } from './states.ts';

/**
 * Everybody who saved what would go live: the versions after the live one up to the target, because each is saved on top
 * of the one before. Going back, those since the last version that was live before the target. Oldest first, each once.
 *
 * Whoever saves on top of a version whose author nobody knows answers for it with their own; so only the target's author
 * has to be known.
 * @throws ServiceError APPROVAL_PERSON_UNKNOWN of the target's author
 */
export async function authorsOf(
  tx: Tx,
  tenantId: string,
  { pipelineId, base, target }: { pipelineId: string; base: { version: number } | null; target: { version: number } },
): Promise<Party[]> {
  const rows = await query<{ name: string; isTarget: boolean }>(
    tx,
    sql`select created_by as name, bool_or(version = ${target.version}) as "isTarget"
      from pipeline_versions
      where tenant_id = ${tenantId} and pipeline_id = ${pipelineId} and version <= ${target.version}
        and version > case when ${base?.version ?? 0}::int < ${target.version} then ${base?.version ?? 0}::int else coalesce((
          select max(b.version) from pipeline_versions b where b.tenant_id = ${tenantId} and b.pipeline_id = ${pipelineId}
            and b.version < ${target.version} and b.published_at is not null
        ), 0) end
      group by created_by order by min(version)`,
  );
  const authors: Party[] = [];
  for (const { name, isTarget } of rows) {
    const author = isTarget ? await partyOfName(tx, tenantId, name) : await findParty(tx, tenantId, name);
    if (author) authors.push(author);
  }
  return authors;
}
