import { createPipeline, expect, expectUsable, test } from './fixtures.ts';

test('shows who did what, narrows it by address, and what an entry changed', async ({
  operator: page,
  api,
  isMobile,
}) => {
  // Two pages go through axe, which takes half a minute on a busy machine.
  test.slow();
  const { id, name } = await createPipeline(api, `audited-${isMobile ? 'phone' : 'desktop'}`);
  await api.post(`pipelines/${id}/pause`, { data: { reason: 'to be seen in the audit log' } });
  await page.goto(`/ops/audit?target=${id}`);
  await expect(page).toHaveTitle('Audit · Mainspring');
  const entry = page.getByRole('link', { name: 'pipeline.pause', exact: true }).filter({ visible: true });
  await expect(entry.first()).toBeVisible();
  await expectUsable(page);

  await page.getByLabel('Action', { exact: true }).fill('pipeline.create');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/action=pipeline\.create/);
  await expect(page).toHaveURL(new RegExp(`target=${id}`));
  await expect(entry).toHaveCount(0);
  await page.getByRole('link', { name: 'pipeline.create', exact: true }).filter({ visible: true }).first().click();
  await expect(page.getByRole('heading', { name: 'pipeline.create', level: 1 })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What changed' })).toBeVisible();
  await expect(page.getByText(id).first()).toBeVisible();
  await expectUsable(page);
  expect(name).toContain('audited');
});

test('tells of refused attempts, counted', async ({ operator: page, installation, playwright }) => {
  const anonymous = await playwright.request.newContext({ baseURL: `${installation.baseUrl}/api/v1/` });
  const headers = { Authorization: `Bearer ${installation.apiKey}`, 'X-Tenant-Id': 'somebody-else' };
  for (let tries = 0; tries < 3; tries += 1) expect((await anonymous.get('runs', { headers })).status()).toBe(403);
  await anonymous.dispose();
  await page.goto('/ops/audit?outcome=refused&action=request.refuse');
  await expect(page.getByText('request.refuse').filter({ visible: true }).first()).toBeVisible();
  await expect(page.getByText('TENANT_MISMATCH').filter({ visible: true }).first()).toBeVisible();
});

test('says up to where the log is sealed, and verifies its chain', async ({ operator: page, api }) => {
  test.slow();
  await createPipeline(api, 'sealed-and-verified');
  await expect
    .poll(async () => ((await (await api.get('audit/chain')).json()) as { head: unknown }).head, { timeout: 60_000 })
    .not.toBeNull();
  await page.goto('/ops/audit');
  const chain = page.getByRole('region', { name: 'Chain of the audit log' });
  await expect(chain).toContainText(/Sealed up to entry [\d,]+/);
  await chain.getByRole('link', { name: 'Verify now' }).click();
  await expect(page.getByRole('heading', { name: 'Chain of the audit log', level: 1 })).toBeVisible();
  await expect(page.getByText('Whole', { exact: true })).toBeVisible();
  await expectUsable(page);
});

test('works before scripts load', async ({ browser, installation, session }) => {
  const context = await browser.newContext({ baseURL: installation.baseUrl, javaScriptEnabled: false });
  await context.addCookies(session);
  const page = await context.newPage();
  await page.goto('/ops/audit');
  await page.getByLabel('Outcome').selectOption('refused');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/outcome=refused/);
  await context.close();
});
