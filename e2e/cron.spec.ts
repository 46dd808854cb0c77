import { expect, expectUsable, test } from './fixtures.ts';
import { makeSealedTenant } from './sealed-tenant.ts';

const JOBS = ['cleanup', 'flowSchedulerTick', 'outboxReaper'];

test('shows every job with its schedule, next fire and last run', async ({ operator: page, isMobile }) => {
  test.slow();
  await page.goto('/ops/cron');
  await expect(page).toHaveTitle('Cron · Mainspring');
  const entry = (job: string) =>
    page
      .getByRole(isMobile ? 'listitem' : 'row')
      .filter({ has: page.getByRole('link', { name: `${job}: `, exact: false }) });
  for (const job of JOBS) await expect(entry(job)).toBeVisible();
  await expect(entry('cleanup').getByText('at 04:30 every day')).toBeVisible();
  await expect(entry('flowSchedulerTick').getByText('whenever a pipeline is due')).toBeVisible();
  // Fired every two minutes by the worker; what it did shows without a reload.
  await expect(entry('outboxReaper').getByText('Succeeded').first()).toBeVisible({ timeout: 150_000 });
  await expectUsable(page);
  await page.getByRole('link', { name: 'outboxReaper: show its runs' }).filter({ visible: true }).click();
  await expect(page.getByRole('region', { name: 'Runs of outboxReaper' }).filter({ visible: true })).toContainText(
    'schedule',
  );
  await expectUsable(page);
});

test('an operator runs a job now and sees for which tenant it failed', async ({ operator: page, isMobile }) => {
  test.skip(isMobile, 'the job is the installation’s: one browser runs it');
  test.slow();
  const tenant = await makeSealedTenant();
  try {
    await page.goto('/ops/cron?job=cleanup');
    await page.getByRole('button', { name: 'Run cleanup now' }).filter({ visible: true }).click();
    await expect(page.getByRole('dialog')).toContainText('every tenant of this installation');
    await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
    await expect(page.getByText('cleanup was asked for', { exact: true })).toBeVisible();
    const newest = page
      .getByRole('region', { name: 'Runs of cleanup' })
      .filter({ visible: true })
      .getByRole('listitem')
      .first();
    await expect(newest.getByText('In part')).toBeVisible({ timeout: 60_000 });
    await expect(newest).toContainText('run now by');
    await expect(newest).toContainText(`dead letters of ${tenant.slug} are under seal`);
    await expect(newest.getByText(/tenants? without errors/)).toBeVisible();
    await expectUsable(page);
  } finally {
    await tenant.open();
  }
});

test.describe('a dry run', () => {
  // Another test may have the job running at that moment: it is asked for again.
  test.use({ expectedErrors: [/status of 409/] });
  test('of the purge counts and deletes nothing', async ({ operator: page, isMobile }) => {
    test.skip(isMobile, 'the job is the installation’s: one browser runs it');
    test.slow();
    await page.goto('/ops/cron?job=dsarPurge');
    const dialog = page.getByRole('dialog');
    const asked = page.getByText('dsarPurge was asked for', { exact: true });
    await expect(async () => {
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Run dsarPurge now' }).filter({ visible: true }).click({ timeout: 5_000 });
      await dialog.getByLabel('Only count what would be deleted').check();
      await dialog.getByRole('button', { name: 'Run now' }).click();
      await expect(asked).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 90_000 });
    const dry = page
      .getByRole('region', { name: 'Runs of dsarPurge' })
      .filter({ visible: true })
      .getByRole('listitem')
      .filter({ hasText: 'with dryRun=1' })
      .first();
    await expect(dry.getByText('Succeeded')).toBeVisible({ timeout: 60_000 });
    await expect(dry).toContainText('run now by');
  });
});
