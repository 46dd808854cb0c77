// A tenant of a test's own with rows that have lain there for weeks: no door of the product writes into the past, so
// this one goes to the database, whose address the installation's home has.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import postgres from 'postgres';

export type KeptTenant = { id: string; slug: string; name: string };

/** The database of the installation under test, as its owner. */
export function ownerUrl(): string {
  const home = process.env.E2E_HOME ?? '';
  const read = (name: string) => JSON.parse(readFileSync(join(home, name), 'utf8')) as Record<string, unknown>;
  const { ownerPassword } = read('secrets.json');
  return `postgres://mainspring:${encodeURIComponent(String(ownerPassword))}@127.0.0.1:${read('embedded.json').port}/mainspring`;
}

/** Interactions with their traces, recorded so many days ago, of the customers named. */
export async function makeKeptTenant(
  rows: { customerId: string; ageDays: number; count: number }[],
): Promise<KeptTenant> {
  const sql = postgres(ownerUrl(), { max: 1, onnotice: () => {} });
  const slug = `kept-${randomBytes(4).toString('hex')}`;
  try {
    await sql`select instance_tenant_make(ms_uuid(), ${slug}, ${slug})`;
    const [tenant] = await sql<KeptTenant[]>`select id, slug, name from tenants where slug = ${slug}`;
    for (const { customerId, ageDays, count } of rows)
      await sql`
        with made as (
          select overlay(ms_uuid()::text placing left(ms_uuid_at(now() - ${ageDays} * interval '1 day')::text, 13) from 1 for 13)::uuid as id,
            now() - ${ageDays} * interval '1 day' as at from generate_series(1, ${count})),
        traces as (
          insert into decision_traces (tenant_id, id, interaction_id, customer_id, trace, created_at)
          select ${tenant!.id}, id, id, ${customerId}, '{}', at from made)
        insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type, occurred_at, created_at)
        select ${tenant!.id}, id, ${customerId}, 'offer', 'web', 'impression', at, at from made`;
    return tenant!;
  } finally {
    await sql.end();
  }
}

/** Signs the page in as an admin of the tenant. */
export async function signInAsAdmin(page: Page, tenant: KeptTenant, baseUrl: string): Promise<void> {
  const sql = postgres(ownerUrl(), { max: 1, onnotice: () => {} });
  const token = randomBytes(32).toString('base64url');
  try {
    const [user] = await sql<{ id: string }[]>`
      insert into users (email, name) values (${`admin@${tenant.slug}.example`}, 'Admin') returning id`;
    await sql`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user!.id}, 'admin')`;
    await sql`insert into sessions (token_hash, user_id, tenant_id, expires_at)
      values (${createHash('sha256').update(token, 'utf8').digest()}, ${user!.id}, ${tenant.id}, now() + interval '1 hour')`;
  } finally {
    await sql.end();
  }
  await page.context().addCookies([{ name: 'mainspring_session', value: token, url: baseUrl, httpOnly: true }]);
}
