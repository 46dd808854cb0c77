// What tests of pipelines and their schedules share: a tenant with one table, and documents over it.
import type { TestDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { asTenantRole, type Ctx, createTenant, findTenantData } from '#server/tenancy/index.ts';

/** An operation's context for a new tenant that has the table `facts (n int primary key, word text)`. */
export async function openTenant(db: TestDatabase, slug: string): Promise<Ctx> {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  await transaction(db.worker, { tenantId: tenant.id }, async (tx) => {
    const data = await findTenantData(tx, tenant.id);
    const table = `create table if not exists ${data.schemaName}.facts (n int primary key, word text)`;
    await asTenantRole(tx, data, { statementTimeoutMs: 5_000 }, (connection) => connection.unsafe(table));
  });
  const log = createLogger({ level: 'silent', tier: 'test' });
  return { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
}

export { approve, type Governed, openGoverned, type Person, refusal } from './governed.ts';

export type DocumentParts = { description?: string; labels?: Record<string, string> } & Record<string, unknown>;

/** A document that compiles: `facts` copied into another table. */
export function documentOf(name: string, { description = '', labels = {}, ...more }: DocumentParts = {}) {
  return {
    kind: 'pipeline',
    version: '1.0',
    metadata: { name, description, labels },
    nodes: [
      { id: 'src', kind: 'source', config: { type: 'table', table: 'facts' } },
      { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: 'facts_copy', mode: 'append' } },
    ],
    ...more,
  };
}
