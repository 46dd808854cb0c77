// Which pipelines name a connection, and whether documents are compared with its repository: what whoever deletes or changes it has to know before.

import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { query, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { findRow } from './rows.ts';
import type { ConnectionUses } from './schemas.ts';

/** More are counted and not named. */
const NAMED = 100;

type Use = z.output<typeof ConnectionUses>['items'][number];

/**
 * Pipelines, not archived, whose live or newest version names the connection by name or id anywhere in its document;
 * and whether it is the tenant's source of documents.
 * @throws ServiceError CONNECTION_NOT_FOUND
 */
export function listUses(ctx: Ctx, input: { id: string }): Promise<z.output<typeof ConnectionUses>> {
  return withTransaction(ctx, async (tx) => {
    const { id, name } = await findRow(tx, ctx.tenant.id, input.id);
    const rows = await query<Use & { total: number }>(
      tx,
      sql`select p.id as "pipelineId", p.name as "pipelineName", bool_or(v.version = p.live_version) is true as "isLive",
          count(*) over ()::int as total
        from pipelines p join pipeline_versions v on v.tenant_id = p.tenant_id and v.pipeline_id = p.id
          and v.version in (p.live_version, p.latest_version)
        where p.tenant_id = ${ctx.tenant.id} and p.archived_at is null
          and jsonb_path_exists(v.ir, '$.**.connection ? (@ == $name || @ == $id)',
            jsonb_build_object('name', ${name}::text, 'id', ${id}::text))
        group by p.id, p.name order by p.name limit ${NAMED}`,
    );
    const [source] = await query(
      tx,
      sql`select 1 from gitops_sources where tenant_id = ${ctx.tenant.id} and connection_id = ${id}`,
    );
    return {
      ...{ items: rows.map(({ total: _, ...use }) => use), total: rows[0]?.total ?? 0 },
      isGitSource: source !== undefined,
    };
  });
}
