import { randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { TABLE_ACCESS } from '../access.ts';
import type { Pool } from '../client.ts';
import { accountRows } from './filled/accounts.ts';
import { changeRows } from './filled/changes.ts';
import { customerRows } from './filled/customers.ts';
import { figureRows } from './filled/figures.ts';
import { pipelineRows } from './filled/pipelines.ts';
import type { FilledTenant, Rows } from './filled/rows.ts';

export type { FilledTenant } from './filled/rows.ts';

/** A row of every tenant's table, in an order in which they can be stored. `document` is stored as it is, in three versions. */
function rowsOf(ids: FilledTenant, document: unknown): Rows {
  const common = { at: new Date(Date.now() - 3_600_000).toISOString(), document };
  const makers = [accountRows, pipelineRows, changeRows, figureRows, customerRows];
  return Object.assign({}, ...makers.map((make) => make(ids, common)));
}

/** As one JSON text: what the driver makes of objects depends on whether drizzle has used the pool before. */
async function insertRow(tx: postgres.TransactionSql, table: string, row: Record<string, unknown>): Promise<void> {
  const columns = Object.keys(row).join(', ');
  await tx.unsafe(
    `insert into ${table} (${columns}) select ${columns} from jsonb_populate_record(null::${table}, $1::text::jsonb)`,
    [JSON.stringify(row)],
  );
}

/**
 * Gives a tenant that exists a row in every tenant's table, as the owner, and returns the ids. A table that is
 * declared in TABLE_ACCESS and gets no row in filled/ is an error, so that a new table is not left out of the tests.
 */
export async function fillTenant(
  owner: Pool,
  tenant: { id: string; slug: string },
  document: unknown = { kind: 'pipeline' },
): Promise<FilledTenant> {
  const [ids] = await owner<FilledTenant[]>`
    select ${tenant.id} as "tenantId", ${tenant.slug} as slug, ${`pipeline-of-${tenant.slug}`} as "pipelineName",
      ms_uuid() as "pipelineId", ms_uuid() as "scheduleId", ms_uuid() as "runId", ms_uuid() as "dlqEntryId",
      ms_uuid() as "eventId", ms_uuid() as "interactionId", ms_uuid() as "auditId", ms_uuid() as "alertRuleId", ms_uuid() as "reportId", ms_uuid() as "modelId", ms_uuid() as "connectionId", ms_uuid() as "repositoryId", ms_uuid() as "keyId",
      ms_uuid() as "inviteId", ms_uuid() as "userId", ms_uuid() as "leaverId", ms_uuid() as "sessionId", ms_uuid() as "holdId", ms_uuid() as "approvalId", ms_uuid() as "dsarId"`;
  const tables = rowsOf(ids!, document);
  const { userId, leaverId, sessionId } = ids!;
  await owner`insert into users (id, email) values (${userId}, ${`filled@${tenant.slug}.example`}),
    (${leaverId}, ${`leaver@${tenant.slug}.example`})`;
  await owner`insert into sessions (id, token_hash, user_id, tenant_id, expires_at)
    values (${sessionId}, ${randomBytes(32)}, ${userId}, ${tenant.id}, now() + interval '1 hour')`;
  tables.memberships = [userId, leaverId].map((user_id) => ({ tenant_id: tenant.id, user_id, role: 'viewer' }));
  const missing = Object.entries(TABLE_ACCESS)
    .filter(([table, access]) => access.tenantColumn === 'tenant_id' && !tables[table])
    .map(([table]) => table);
  if (missing.length > 0) throw new Error(`fillTenant has no row for ${missing.join(', ')}`);
  await owner.begin(async (tx) => {
    for (const [table, rows] of Object.entries(tables)) for (const row of rows) await insertRow(tx, table, row);
  });
  return ids!;
}
