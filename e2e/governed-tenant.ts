// A tenant of a test's own, because a rule of approval would hold up what other tests publish, and people of its own,
// each in a browser of theirs. No door of the product makes a person with a session, so this goes to the database.
import { createHash, randomBytes } from 'node:crypto';
import type { Browser, Page } from '@playwright/test';
import postgres from 'postgres';
import { ownerUrl } from './retention-tenant.ts';

export type GovernedTenant = { id: string; slug: string };

/** With a table `parcels`, empty. */
export async function makeGovernedTenant(): Promise<GovernedTenant> {
  const sql = postgres(ownerUrl(), { max: 1, onnotice: () => {} });
  const slug = `governed-${randomBytes(4).toString('hex')}`;
  try {
    await sql`select instance_tenant_make(ms_uuid(), ${slug}, ${slug})`;
    const [tenant] = await sql<{ id: string; schema: string; role: string }[]>`
      select id, schema_name as schema, role_name as role from tenants where slug = ${slug}`;
    const { id, schema, role } = tenant!;
    await sql`create table ${sql(schema)}.parcels (n int)`;
    await sql`alter table ${sql(schema)}.parcels owner to ${sql(role)}`;
    return { id, slug };
  } finally {
    await sql.end();
  }
}

export type Person = { page: Page; email: string; call: (route: string, body: object) => Promise<Answer> };
type Answer = { status: number; body: Record<string, unknown> };

/** A person of the tenant, signed in, in a browser context of their own, which `page.context().close()` ends. */
export async function openPerson(
  browser: Browser,
  tenant: GovernedTenant,
  { name, role, baseUrl, isPhone }: { name: string; role: string; baseUrl: string; isPhone: boolean },
): Promise<Person> {
  const sql = postgres(ownerUrl(), { max: 1, onnotice: () => {} });
  const token = randomBytes(32).toString('base64url');
  const email = `${name}@${tenant.slug}.example`;
  try {
    const [user] = await sql<{ id: string }[]>`insert into users (email, name) values (${email}, ${name}) returning id`;
    await sql`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user!.id}, ${role})`;
    await sql`insert into sessions (token_hash, user_id, tenant_id, expires_at)
      values (${createHash('sha256').update(token, 'utf8').digest()}, ${user!.id}, ${tenant.id}, now() + interval '1 hour')`;
  } finally {
    await sql.end();
  }
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const context = await browser.newContext({
    ...{ baseURL: baseUrl, reducedMotion: 'reduce' },
    ...(isPhone ? phone : { viewport: { width: 1280, height: 800 } }),
  });
  await context.addCookies([{ name: 'mainspring_session', value: token, url: baseUrl, httpOnly: true }]);
  const page = await context.newPage();
  async function call(route: string, body: object): Promise<Answer> {
    const [method = 'POST', path = ''] = route.split(' ');
    const answer = await page.request.fetch(`/api/v1${path}`, { method, data: body, headers: { origin: baseUrl } });
    return { status: answer.status(), body: (await answer.json()) as Record<string, unknown> };
  }
  return { page, email, call };
}
