import { readFile } from 'node:fs/promises';
import { expect, expectUsable, test } from './fixtures.ts';

// A rule that never fires is refused on the way.
test.use({ expectedErrors: [/status of 400/] });

test('a report is scheduled, made now, had as a spreadsheet, and its schedule deleted', async ({
  operator: page,
  isMobile,
}) => {
  test.slow();
  const name = `weekly ${isMobile ? 'on a phone' : 'on a desk'} ${Date.now()}`;
  await page.goto('/ops/reports');
  await page.getByRole('button', { name: 'New report' }).click();
  const dialog = page.getByRole('dialog', { name: 'New report schedule' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('Cron').fill('0 0 31 2 *');
  await dialog.getByLabel('Time zone').fill('Europe/Berlin');
  await dialog.getByRole('button', { name: 'Create report' }).click();
  await expect(page.getByText(/0 0 31 2 \*.*never fires/).first()).toBeVisible();
  await dialog.getByLabel('Cron').fill('0 8 * * 1');
  await dialog.getByRole('button', { name: 'Create report' }).click();
  await expect(page.getByText(`Report schedule "${name}" created`, { exact: true })).toBeVisible();

  const schedules = page.getByRole('region', { name: 'Report schedules' });
  await schedules.getByRole('button', { name: `Run ${name} now` }).click();
  await expect(page.getByText('Report made', { exact: true })).toBeVisible();
  const made = page.getByRole('region', { name: 'Reports' }).getByRole('row').filter({ hasText: name });
  await expect(made).toContainText('Runs succeeded');
  await expectUsable(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    made.getByRole('link', { name: /as a spreadsheet/ }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^fleet_summary-\d{4}-\d\d-\d\d\.csv$/);
  expect(await readFile(await download.path(), 'utf8')).toMatch(/^Pipeline,Succeeded,Failed,/);

  await schedules.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete report schedule' }).click();
  await expect(page.getByText('Report schedule deleted', { exact: true })).toBeVisible();
  await expect(schedules.getByText(name)).toHaveCount(0);
  await expect(made).toHaveCount(1);
});
