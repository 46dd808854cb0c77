// A tenant is a row, a role that owns its data schema, and that schema. Runs as the owner: no serving
// process may create roles.
import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { roleNames } from '#db/access.ts';
import type { Pool } from '#db/client.ts';
import { connectionOf, newId, query, queryOne, ServiceError, transaction } from '#server/lib/index.ts';
import type { Tenant } from './context.ts';

const SLUG = /^[a-z][a-z0-9-]{0,39}$/;

/** Creates the tenant with its role and schema, or returns the one of that slug. Safe to run twice. */
export async function createTenant(ownerPool: Pool, input: { slug: string; name: string }): Promise<Tenant> {
  if (!SLUG.test(input.slug))
    throw new ServiceError(
      'INPUT_INVALID',
      `tenant slug "${input.slug}" must be 1 to 40 of a-z, 0-9 and -, beginning with a letter`,
    );
  return transaction(ownerPool, {}, async (tx) => {
    // Two at once: the second waits here and then finds the first's row.
    await tx.execute(sql`lock table tenants in share row exclusive mode`);
    const [found] = await query<Tenant>(tx, sql`select id, slug, name from tenants where slug = ${input.slug}`);
    if (found) return found;
    const { prefix } = await queryOne<{ prefix: string }>(tx, sql`select role_prefix as prefix from installation`);
    const id = newId();
    // Roles are cluster-wide and names have 63 bytes: the id's hash, not the slug, keeps them apart.
    const roleName = `${prefix}_t_${createHash('sha256').update(id).digest('hex').slice(0, 12)}`;
    const schemaName = `t_${input.slug.replaceAll('-', '_')}_${id.slice(-6)}`;
    const roles = roleNames(prefix);
    const connection = connectionOf(tx);
    await connection.unsafe(`CREATE ROLE "${roleName}" NOLOGIN NOINHERIT`);
    await connection.unsafe(`GRANT "${roleName}" TO "${roles.worker}" WITH INHERIT FALSE, SET TRUE`);
    await connection.unsafe(`GRANT "${roleName}" TO "${roles.app}" WITH INHERIT FALSE, SET TRUE`);
    await connection.unsafe(`GRANT "${roleName}" TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
    await connection.unsafe(`CREATE SCHEMA "${schemaName}" AUTHORIZATION "${roleName}"`);
    // Its SQL may make temporary tables (staging) in this database and create in its own schema, no more.
    const { name } = await queryOne<{ name: string }>(tx, sql`select current_database() as name`);
    await connection.unsafe(`GRANT TEMPORARY ON DATABASE "${name.replaceAll('"', '""')}" TO "${roleName}"`);
    await tx.execute(sql`insert into tenants (id, slug, name, schema_name, role_name)
      values (${id}, ${input.slug}, ${input.name}, ${schemaName}, ${roleName})`);
    return { id, slug: input.slug, name: input.name };
  });
}
