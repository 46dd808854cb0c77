// A tenant of a test's own, because a rule of approval would hold up what other tests publish, and people of its own,
// each in a browser of theirs.
import type { Browser, Page } from '@playwright/test';
import { asTenant } from './owner.ts';
import { type Member, openSession, sessionCookie } from './people.ts';
import { type KeptTenant, makeKeptTenant } from './retention-tenant.ts';

/** With a table `parcels`, empty. */
export async function makeGovernedTenant(): Promise<KeptTenant> {
  const tenant = await makeKeptTenant([]);
  await asTenant(tenant.id, (tx) => tx.unsafe('create table parcels (n int)'));
  return tenant;
}

export type Person = { page: Page; email: string; call: (route: string, body: object) => Promise<Answer> };
type Answer = { status: number; body: Record<string, unknown> };
type PersonOptions = Omit<Member, 'email'> & { baseUrl: string; isPhone: boolean };

/** A person of the tenant, signed in, in a browser context of their own, which `page.context().close()` ends. */
export async function openPerson(
  browser: Browser,
  tenant: KeptTenant,
  { name, role, baseUrl, isPhone }: PersonOptions,
): Promise<Person> {
  const email = `${name}@${tenant.slug}.example`;
  const token = await openSession(tenant.id, { email, name, role });
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const context = await browser.newContext({
    ...{ baseURL: baseUrl, reducedMotion: 'reduce' },
    ...(isPhone ? phone : { viewport: { width: 1280, height: 800 } }),
  });
  await context.addCookies([sessionCookie(token, baseUrl)]);
  const page = await context.newPage();
  async function call(route: string, body: object): Promise<Answer> {
    const [method = 'POST', path = ''] = route.split(' ');
    const answer = await page.request.fetch(`/api/v1${path}`, { method, data: body, headers: { origin: baseUrl } });
    return { status: answer.status(), body: (await answer.json()) as Record<string, unknown> };
  }
  return { page, email, call };
}
