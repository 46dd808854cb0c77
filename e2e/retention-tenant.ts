// A tenant of a test's own with rows that have lain there for weeks: no door of the product writes into the past, so
// this one goes to the database.
import { randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { withOwner } from './owner.ts';
import { openSession, sessionCookie } from './people.ts';

export type KeptTenant = { id: string; slug: string; name: string };

/** Interactions with their traces, recorded so many days ago, of the customers named. */
export function makeKeptTenant(rows: { customerId: string; ageDays: number; count: number }[]): Promise<KeptTenant> {
  const slug = `kept-${randomBytes(4).toString('hex')}`;
  return withOwner(async (sql) => {
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
  });
}

/** Signs the page in as an admin of the tenant. */
export async function signInAsAdmin(page: Page, tenant: KeptTenant, baseUrl: string): Promise<void> {
  const token = await openSession(tenant.id, { email: `admin@${tenant.slug}.example`, name: 'Admin', role: 'admin' });
  await page.context().addCookies([sessionCookie(token, baseUrl)]);
}
