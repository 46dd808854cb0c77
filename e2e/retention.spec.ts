import type { APIRequestContext } from '@playwright/test';
import { cellsOf, expect, expectUsable, test } from './fixtures.ts';
import type { Installation } from './installation.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

/** Calls the job for one tenant; another test may have it running at that moment, then it is called again. */
async function purge(request: APIRequestContext, { workerUrl, cronSecret }: Installation, slug: string) {
  let answer: Record<string, unknown> = {};
  await expect
    .poll(
      async () => {
        const response = await request.post(`${workerUrl}/api/v1/cron/dsar-purge?tenant=${slug}`, {
          headers: { 'x-cron-secret': cronSecret },
        });
        answer = (await response.json()) as Record<string, unknown>;
        return [response.status(), answer.skipped];
      },
      { timeout: 60_000 },
    )
    .toEqual([200, undefined]);
  return answer;
}

test('sets a policy, shows what it would delete, holds a customer, and shows the receipt of the purge', async ({
  page,
  request,
  installation,
}) => {
  test.slow();
  const tenant = await makeKeptTenant([
    { customerId: 'goes', ageDays: 40, count: 3 },
    { customerId: 'stays', ageDays: 45, count: 2 },
    { customerId: 'stays', ageDays: 5, count: 1 },
  ]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/data/retention');
  await expect(page.getByText('Nothing is old enough to go')).toBeVisible();
  await expect(page.getByText('Nothing has been purged yet')).toBeVisible();

  await page.getByRole('button', { name: 'Change the policy of interaction history' }).click();
  const policy = page.getByRole('dialog', { name: 'Policy of interaction history' });
  await policy.getByLabel('Days to keep').fill('30');
  await policy.getByLabel('Note').fill('Contract 7');
  await policy.getByRole('button', { name: 'Set policy' }).click();
  await expect(policy).toBeHidden();
  await expect(cellsOf(page, 'Retention policies', 'Interaction history').nth(1)).toHaveText('30');
  await expect(page.getByText('Contract 7')).toBeVisible();
  await expect(page.getByText('No purge is scheduled.')).toBeVisible();
  const preview = cellsOf(page, 'What the next purge deletes', 'Interaction history');
  await expect(preview.nth(1)).toHaveText('5');
  await expect(page.getByRole('figure', { name: /Rows that would be deleted/ })).toBeVisible();

  await page.getByRole('button', { name: 'Switch to strictest' }).click();
  await expect(page.getByText('Decision traces goes after 30 days, with no limit of its own')).toBeVisible();
  await expect(cellsOf(page, 'What the next purge deletes', 'Decision traces').nth(1)).toHaveText('5');

  await page.getByRole('button', { name: 'Place a hold' }).click();
  const hold = page.getByRole('dialog', { name: 'Place a hold' });
  await hold.getByLabel('Customer id').fill('stays');
  await hold.getByLabel('Reason').fill('Case 12');
  await hold.getByRole('button', { name: 'Place hold' }).click();
  await expect(hold).toBeHidden();
  await expect(cellsOf(page, 'Holds', 'Customer stays').nth(1)).toHaveText('Case 12');
  await expect(preview.nth(1)).toHaveText('3');
  await expect(preview.nth(2)).toHaveText('2');
  await expectUsable(page);

  expect(await purge(request, installation, tenant.slug)).toMatchObject({
    ...{ ok: true, tenantsScanned: 1 },
    perTenant: [{ tenantId: tenant.id, retentionDays: 30, interactionHistory: 3, decisionTraces: 3, errors: [] }],
  });
  await page.reload();
  const receipt = cellsOf(page, 'Receipts of purges', 'strictest');
  await expect(receipt.nth(1)).toContainText('3');
  await expect(receipt.nth(1)).toContainText('30 days');
  await expect(page.getByRole('button', { name: 'Copy hash of the receipt' })).toBeVisible();
  await expect(preview.nth(1)).toHaveText('0');
  await expect(preview.nth(2)).toHaveText('2');

  await page.getByRole('button', { name: 'Release the hold on Customer stays' }).click();
  const release = page.getByRole('dialog', { name: 'Release the hold on Customer stays?' });
  await release.getByLabel('Reason').fill('Settled');
  await release.getByRole('button', { name: 'Release hold' }).click();
  await expect(release).toBeHidden();
  await expect(page.getByText('Nothing is on hold')).toBeVisible();
  await expect(preview.nth(1)).toHaveText('2');
  await page.getByRole('link', { name: 'Also released ones' }).click();
  await expect(cellsOf(page, 'Holds', 'Customer stays').last()).toContainText('Settled');
});

test.describe('a hold on nobody', () => {
  test.use({ expectedErrors: [/status of 404/] });
  test('is refused, and placed when it is meant', async ({ page, installation }) => {
    const tenant = await makeKeptTenant([]);
    await signInAsAdmin(page, tenant, installation.baseUrl);
    await page.goto('/data/retention');
    await page.getByRole('button', { name: 'Place a hold' }).click();
    const hold = page.getByRole('dialog', { name: 'Place a hold' });
    await hold.getByLabel('Customer id').fill('nobody');
    await hold.getByLabel('Reason').fill('Case 13');
    await hold.getByRole('button', { name: 'Place hold' }).click();
    await expect(page.getByText('RETENTION_SUBJECT_NOT_FOUND').first()).toBeVisible();
    await hold.getByLabel('Also when nothing is stored of this customer yet').check();
    await hold.getByRole('button', { name: 'Place hold' }).click();
    await expect(hold).toBeHidden();
    await expect(cellsOf(page, 'Holds', 'Customer nobody').nth(1)).toHaveText('Case 13');
  });
});
