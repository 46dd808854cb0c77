// A tenant with a row in every table and a table of its own, to be walked.
import { fillTenant } from '#db/testing/fill-tenant.ts';
import type { TestDatabase } from '#db/testing/index.ts';
import { parseDocument } from '#server/ir/index.ts';
import { transaction } from '#server/lib/index.ts';
import { asTenantRole, createTenant, findTenantData, type Tenant } from '#server/tenancy/index.ts';
import { document, type Names } from './walks.ts';

export async function makeFilledTenant(db: TestDatabase, slug: string): Promise<{ tenant: Tenant; names: Names }> {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const table = `facts_of_${slug.replaceAll('-', '_')}`;
  const parsed = parseDocument(document(`pipeline-of-${slug}`, table));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  await transaction(db.worker, { tenantId: tenant.id }, async (tx) => {
    const data = await findTenantData(tx, tenant.id);
    await asTenantRole(tx, data, { statementTimeoutMs: 5_000 }, (connection) =>
      connection.unsafe(`create table ${data.schemaName}.${table} (n int, is_late boolean)`),
    );
  });
  return { tenant, names: { ...(await fillTenant(db.owner, tenant, parsed.doc)), table } };
}
