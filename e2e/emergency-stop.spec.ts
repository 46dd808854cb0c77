// The tenant's stop, in a tenant of the test's own. The installation's is looked at and never pulled: others work there.
import { expect, expectUsable, test } from './fixtures.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

test('all work of a tenant is stopped from the palette with a reason, told on every page, and resumed', async ({
  page,
  installation,
}) => {
  test.slow();
  const tenant = await makeKeptTenant([]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/data/scheduler');
  await expect(page.getByText(/^Live, updated/)).toBeVisible();
  await page.getByRole('button', { name: 'Search and commands' }).filter({ visible: true }).click();
  await page.getByRole('combobox').fill('emergency');
  await page.getByRole('option', { name: `Stop all work of ${tenant.name}…` }).click();

  await expect(page.getByRole('heading', { name: 'Emergency stop', level: 1 })).toBeVisible();
  await expect(page.getByText('a run by hand is refused')).toBeVisible();
  await page.getByLabel('Reason').fill('Wrong prices in the feed');
  await page.getByLabel('is told to end now').check();
  await page.getByLabel('Hold events, too').check();
  await page.getByRole('button', { name: `Stop all work of ${tenant.name}` }).click();
  await expect(page.getByText('All work of this tenant is stopped').first()).toBeVisible();
  await expect(page.getByText('are held in the outbox')).toBeVisible();
  await expectUsable(page);

  await page.goto('/data/runs');
  await expect(page.getByRole('status').filter({ hasText: 'Wrong prices in the feed' })).toBeVisible();
  await page.getByRole('link', { name: 'About this stop' }).click();
  await page.getByRole('button', { name: `Let ${tenant.name} work again` }).click();
  await expect(page.getByText('Work of this tenant goes on')).toBeVisible();
  await expect(page.getByText('Wrong prices in the feed')).toHaveCount(0);
});

test('the stop of the installation says what it does, and is not for an admin of one tenant', async ({
  page,
  browser,
  session,
  installation,
}) => {
  test.slow();
  await signInAsAdmin(page, await makeKeptTenant([]), installation.baseUrl);
  await page.goto('/ops/fleet');
  await expect(page.getByText('Only the instance operator can stop all tenants at once.')).toBeVisible();
  await expect(page.getByText('Stop all work of this installation …')).toHaveCount(0);

  const operators = await browser.newContext({ baseURL: installation.baseUrl, javaScriptEnabled: false });
  await operators.addCookies(session);
  const theirs = await operators.newPage();
  await theirs.goto('/ops/fleet?stop=instance');
  await expect(theirs.getByText('The same for every tenant at once.')).toBeVisible();
  await expect(theirs.getByRole('button', { name: 'Stop all work of this installation' })).toBeVisible();
  await operators.close();
});
