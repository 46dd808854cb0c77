import { expect, expectUsable, test } from './fixtures.ts';

test('a rule is made, fires, is seen in the history and is deleted', async ({ operator: page, isMobile }) => {
  const name = `always fires ${isMobile ? 'on a phone' : 'on a desk'} ${Date.now()}`;
  await page.goto('/ops/alerts');
  await page.getByRole('button', { name: 'New rule' }).click();
  const dialog = page.getByRole('dialog', { name: 'New alert rule' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('Figure').selectOption('dlq_depth');
  await dialog.getByLabel('Fires when it is').selectOption('>=');
  await dialog.getByLabel(/^Threshold/).fill('0');
  await dialog.getByLabel('For at least, minutes').fill('1');
  await dialog.getByRole('button', { name: 'Create rule' }).click();
  await expect(page.getByText(`Alert rule "${name}" created`, { exact: true })).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: name });
  await expect(row.first()).toContainText('dlq depth >= 0');

  await row
    .first()
    .getByRole('button', { name: /Send a test notification/ })
    .click();
  await expect(page.getByText('Test notification sent', { exact: true })).toBeVisible();
  const history = page.getByRole('region', { name: 'Alert history' }).getByRole('row').filter({ hasText: name });
  await expect(history.filter({ hasText: 'Test' }).filter({ hasText: 'log: sent' })).toBeVisible({ timeout: 60_000 });
  await expectUsable(page);

  await row
    .first()
    .getByRole('button', { name: `Delete ${name}` })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete rule' }).click();
  await expect(page.getByText('Alert rule deleted', { exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Alert rules' }).getByText(name)).toHaveCount(0);
});
