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

test('channels that the form does not show are kept when a rule is saved', async ({
  operator: page,
  api,
  isMobile,
}) => {
  const name = `told twice ${isMobile ? 'on a phone' : 'on a desk'} ${Date.now()}`;
  const hook = (path: string) => ({ kind: 'webhook', url: `https://hooks.example.org/${path}` });
  const channels = [hook('shown'), hook('kept'), { kind: 'email', to: ['kept@example.org'] }];
  const rule = { metric: 'dlq_depth', operator: '>', threshold: 1e9, windowMinutes: 5, enabled: false };
  const made = await api.post('alerts/rules', { data: { ...rule, name, channels } });
  expect(made.status(), await made.text()).toBe(201);
  const channelsNow = async () => {
    const { items } = (await (await api.get('alerts/rules')).json()) as {
      items: { name: string; channels: object[] }[];
    };
    return items.find((one) => one.name === name)?.channels;
  };

  await page.goto('/ops/alerts');
  const row = page.getByRole('region', { name: 'Alert rules' }).getByRole('row').filter({ hasText: name });
  await row.getByRole('button', { name: `Change ${name}` }).click();
  const dialog = page.getByRole('dialog', { name: `Change ${name}` });
  await expect(dialog.getByText('It goes on telling webhook at hooks.example.org, too.')).toBeVisible();
  await dialog.getByLabel('Webhook').fill('https://hooks.example.org/other');
  await dialog.getByLabel('E-mail').fill('');
  await dialog.getByRole('button', { name: 'Save rule' }).click();
  await expect(dialog).toBeHidden();
  // The button is there still, and the keyboard goes on from it.
  await expect(row.getByRole('button', { name: `Change ${name}` })).toBeFocused();
  expect(await channelsNow()).toEqual([hook('other'), hook('kept')]);

  await row.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(row.getByRole('button', { name: `Delete ${name}` })).toBeFocused();
  await row.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete rule' }).click();
  await expect(row).toHaveCount(0);
  // Its button went with the row.
  await expect(page.locator('#content')).toBeFocused();
});
