// People and keys, from the invite to the refused request. Nobody here is the demo's operator: others use that account.
import type { Browser, Page } from '@playwright/test';
import { expect, expectUsable, test } from './fixtures.ts';

const PASSWORD = 'a spring that is wound';

/** What the page shows once. */
const shownOnce = async (page: Page, what: string): Promise<string> =>
  ((await page.getByRole('status').getByRole('region', { name: what }).textContent()) ?? '').trim();

async function makeInvite(page: Page, email: string, role: string): Promise<string> {
  await page.goto('/settings/users');
  await page.getByLabel('E-mail', { exact: true }).fill(email);
  await page.getByLabel('Role').selectOption(role);
  await page.getByRole('button', { name: 'Make invite link' }).click();
  return shownOnce(page, 'invite link');
}

/** Somebody else's browser. */
async function otherBrowser(browser: Browser, baseURL: string, options: { javaScriptEnabled?: boolean } = {}) {
  const context = await browser.newContext({ baseURL, ...options });
  return { context, page: await context.newPage() };
}

async function join(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel('Your name').fill('Invited Person');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('heading', { name: 'Scheduler', level: 1 })).toBeVisible();
}

const emailOf = (what: string) => `${what}-${Date.now()}-${Math.floor(Math.random() * 1e6)}@example.org`;

test('an invited person joins, and a lower role stops them at their next request', async ({
  operator: page,
  browser,
  installation,
}) => {
  test.slow();
  const email = emailOf('invited');
  const link = await makeInvite(page, email, 'operator');
  const { context, page: theirs } = await otherBrowser(browser, installation.baseUrl);
  await join(theirs, link);
  const runNow = async () => {
    const headers = { origin: installation.baseUrl };
    return (await theirs.request.post('/api/v1/pipelines/there-is-none/run', { headers, data: {} })).status();
  };
  expect(await runNow()).toBe(404);

  await page.goto(`/settings/users?search=${encodeURIComponent(email)}`);
  await page.getByRole('link', { name: 'Invited Person' }).click();
  await page.getByLabel('Role in this tenant').selectOption('viewer');
  await page.getByRole('button', { name: 'Change role' }).click();
  await expect(page.getByRole('status').getByText('The role is viewer now')).toBeVisible();
  expect(await runNow()).toBe(403);

  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('Disabled in this tenant')).toBeVisible();
  await theirs.goto('/data/runs');
  await expect(theirs.getByRole('heading', { name: 'No tenant is open to you' })).toBeVisible();
  await expectUsable(theirs);

  await page.getByText('Remove from this tenant …').click();
  await page.getByRole('button', { name: `Remove ${email}` }).click();
  await expect(page).toHaveURL(/\/settings\/users$/);
  await theirs.goto(link);
  await expect(theirs.getByRole('heading', { name: 'This invite is over' })).toBeVisible();
  await context.close();
});

test('a reset link sets a new password, once, and ends the open session', async ({
  operator: page,
  browser,
  installation,
}) => {
  test.slow();
  const email = emailOf('forgetful');
  const link = await makeInvite(page, email, 'viewer');
  const { context, page: theirs } = await otherBrowser(browser, installation.baseUrl);
  await join(theirs, link);
  await page.goto(`/settings/users?search=${encodeURIComponent(email)}`);
  await page.getByRole('link', { name: 'Invited Person' }).click();
  await page.getByRole('button', { name: 'Make reset link' }).click();
  const reset = await shownOnce(page, 'reset link');

  await theirs.goto(reset);
  await expectUsable(theirs);
  await theirs.getByLabel(`New password of ${email}`).fill('another spring, wound anew');
  await theirs.getByRole('button', { name: 'Set password' }).click();
  await expect(theirs.getByText('Your new password is set')).toBeVisible();
  await theirs.getByLabel('E-mail').fill(email);
  await theirs.getByLabel('Password').fill('another spring, wound anew');
  await theirs.getByRole('button', { name: 'Sign in' }).click();
  await expect(theirs.getByRole('heading', { name: 'Scheduler', level: 1 })).toBeVisible();
  await theirs.goto(reset);
  await expect(theirs.getByRole('heading', { name: 'This link is over' })).toBeVisible();
  await context.close();
});

test('a key is shown once, works, and is refused after it was revoked', async ({
  operator: page,
  playwright,
  installation,
}) => {
  const name = `browser test ${Date.now()}`;
  await page.goto('/settings/keys');
  await page.getByLabel('Name').fill(name);
  await page.getByRole('checkbox', { name: 'pipelines:read' }).check();
  await page.getByRole('button', { name: 'Make key' }).click();
  const key = await shownOnce(page, 'API key');
  expect(key).toMatch(/^ms_[\w-]{43}$/);
  const script = await playwright.request.newContext({
    baseURL: installation.baseUrl,
    extraHTTPHeaders: { Authorization: `Bearer ${key}` },
  });
  expect((await script.get('/api/v1/pipelines')).status()).toBe(200);
  expect((await script.get('/api/v1/runs')).status()).toBe(403);

  await page.goto('/settings/keys');
  await expect(page.getByText(key)).toHaveCount(0);
  await page.getByRole('button', { name: `Revoke the key ${name}` }).click();
  await expect(page.getByText('Key revoked')).toBeVisible();
  expect((await script.get('/api/v1/pipelines')).status()).toBe(401);
  await script.dispose();
});

test('without scripts an invite is made and accepted', async ({ browser, installation, session }) => {
  test.slow();
  const mine = await otherBrowser(browser, installation.baseUrl, { javaScriptEnabled: false });
  await mine.context.addCookies(session);
  const link = await makeInvite(mine.page, emailOf('plain'), 'viewer');
  const theirs = await otherBrowser(browser, installation.baseUrl, { javaScriptEnabled: false });
  await join(theirs.page, link);
  await Promise.all([mine.context.close(), theirs.context.close()]);
});

test.describe('every page of the settings', () => {
  test.beforeEach(async ({ page, isMobile }) => {
    test.slow();
    await page.emulateMedia({ colorScheme: isMobile ? 'dark' : 'light' });
  });
  for (const path of ['account', 'users', 'keys', 'sessions', 'tenants', 'connections', 'limits']) {
    test(`/settings/${path} has no barrier`, async ({ operator: page }) => {
      await page.goto(`/settings/${path}`);
      await expectUsable(page);
    });
  }
  test('that one sees before one is in has no barrier', async ({ page }) => {
    for (const path of ['/forgot', '/invite?token=unknown', '/reset?token=unknown']) {
      await page.goto(path);
      await expectUsable(page);
    }
  });
});
