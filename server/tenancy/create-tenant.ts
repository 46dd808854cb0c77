// A tenant is a row, a role that owns its data schema, and that schema; the database makes all three in one
// function (migration 0004), because no serving process may create roles.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { newId, query, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import type { Tenant } from './context.ts';

const SLUG = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * Makes a tenant in the caller's transaction: as the app or as the owner.
 * @throws ServiceError INPUT_INVALID, TENANT_SLUG_TAKEN
 */
export async function makeTenant(tx: Tx, input: { slug: string; name: string }): Promise<Tenant> {
  requireSlug(input.slug);
  const id = newId();
  const { made } = await queryOne<{ made: boolean }>(
    tx,
    sql`select instance_tenant_make(${id}, ${input.slug}, ${input.name}) as made`,
  );
  if (!made)
    throw new ServiceError('TENANT_SLUG_TAKEN', `there is a tenant "${input.slug}" already: choose another slug`);
  return { id, slug: input.slug, name: input.name };
}

/** Creates the tenant with its role and schema, or returns the one of that slug. Safe to run twice. */
export async function createTenant(ownerPool: Pool, input: { slug: string; name: string }): Promise<Tenant> {
  requireSlug(input.slug);
  return transaction(ownerPool, {}, async (tx) => {
    // Two at once: the second waits here and then finds the first's row.
    await tx.execute(sql`lock table tenants in share row exclusive mode`);
    const [found] = await query<Tenant>(tx, sql`select id, slug, name from tenants where slug = ${input.slug}`);
    return found ?? makeTenant(tx, input);
  });
}

function requireSlug(slug: string): void {
  if (!SLUG.test(slug))
    throw new ServiceError(
      'INPUT_INVALID',
      `tenant slug "${slug}" must be 1 to 40 of a-z, 0-9 and -, beginning with a letter`,
    );
}
