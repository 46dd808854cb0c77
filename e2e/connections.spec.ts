// Connections, in a tenant of the test's own. The other side is the receiver that the installation publishes to.
import type { Page } from '@playwright/test';
import { expect, expectUsable, test } from './fixtures.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

const CANARY = 'canary-9c2b71';

/** Fills the form of a new webhook and sends it. */
async function makeWebhook(page: Page, name: string, url: string): Promise<void> {
  await page.goto('/settings/connections');
  await page.getByRole('link', { name: 'Webhook', exact: true }).last().click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Address').fill(url);
  await page.getByLabel('Signing secret').fill(CANARY);
  await page.getByRole('button', { name: 'Make connection' }).click();
  await expect(page.getByText(`${name} is made`)).toBeVisible();
}

test('a connection is made, tested, given another secret and deleted, and its secrets never come back', async ({
  page,
  installation,
}) => {
  test.slow();
  await signInAsAdmin(page, await makeKeptTenant([]), installation.baseUrl);
  await page.goto('/settings/connections');
  await expect(page.getByText('No connections yet')).toBeVisible();
  await makeWebhook(page, 'chat', `${process.env.E2E_RECEIVER}/events`);
  await page.getByRole('button', { name: 'Test now' }).click();
  await expect(page.getByText('it took a test event: 200 OK').first()).toBeVisible();

  await page.getByLabel('Authorization header').fill(`Bearer ${CANARY}`);
  await page.getByRole('button', { name: 'Save connection' }).click();
  await expect(page.getByText('chat is saved')).toBeVisible();
  await expect(page.getByText('Not tested since it was last changed.')).toBeVisible();
  await expect(page.getByText('Authorization header, Signing secret, Address')).toBeVisible();
  await expect(page.getByLabel('Signing secret')).toHaveValue('');
  await page.reload();
  expect(await page.content()).not.toContain(CANARY);
  await expectUsable(page);

  await page.goto('/settings/connections');
  await expect(page.getByRole('region', { name: 'Connections' })).toContainText('chat');
  expect(await page.content()).not.toContain(CANARY);
  await page.getByRole('link', { name: 'chat', exact: true }).click();
  await page.getByText('Delete this connection …').click();
  await expect(page.getByText('No pipeline names it;')).toBeVisible();
  await page.getByRole('button', { name: 'Delete chat' }).click();
  await expect(page.getByText('No connections yet')).toBeVisible();
});

test.describe('what goes wrong', () => {
  test.use({ expectedErrors: [/status of 400/] });
  test('is told in place: an inner address is refused, and one that nobody answers at fails its test', async ({
    page,
    installation,
  }) => {
    test.slow();
    await signInAsAdmin(page, await makeKeptTenant([]), installation.baseUrl);
    // Nobody listens at the discard port.
    await makeWebhook(page, 'dead', 'http://127.0.0.1:9/hook');
    await page.getByRole('button', { name: 'Test now' }).click();
    await expect(page.getByRole('alert')).toContainText('The test failed');
    await page.goto('/settings/connections');
    await expect(page.getByRole('region', { name: 'Connections' }).getByText('Failed')).toBeVisible();

    await page.getByRole('link', { name: 'Git repository' }).last().click();
    await page.getByLabel('Name').fill('inner');
    await page.getByLabel('Address').fill('https://10.0.0.1/repo.git');
    await page.getByRole('button', { name: 'Make connection' }).click();
    await expect(page.getByRole('alert')).toContainText('10.0.0.1');
    await expect(page.getByLabel('Address')).toHaveValue('https://10.0.0.1/repo.git');
  });
});

test('without scripts a connection is made, and the confirmation of its deletion names who uses it', async ({
  browser,
  installation,
}) => {
  test.slow();
  const context = await browser.newContext({ baseURL: installation.baseUrl, javaScriptEnabled: false });
  const page = await context.newPage();
  await signInAsAdmin(page, await makeKeptTenant([]), installation.baseUrl);
  await page.goto('/settings/connections?new=kafka');
  await page.getByLabel('Name').fill('events');
  await page.getByLabel('Brokers').fill('127.0.0.1:9092');
  await page.getByRole('button', { name: 'Make connection' }).click();
  await expect(page.getByText('events is made')).toBeVisible();
  const document = {
    ...{ kind: 'pipeline', version: '1.0', metadata: { name: 'reads-events' } },
    nodes: [
      {
        ...{ id: 'stream', kind: 'source' },
        config: { type: 'stream', connection: 'events', topic: 't', columns: [{ name: 'a', type: 'text' }] },
      },
      { id: 'kept', kind: 'target', inputs: ['stream'], config: { type: 'table', table: 'kept', mode: 'append' } },
    ],
  };
  const made = await context.request.post('/api/v1/pipelines', {
    headers: { origin: installation.baseUrl },
    data: { document },
  });
  expect(made.status(), await made.text()).toBe(201);
  await page.reload();
  await expect(page.getByRole('link', { name: 'reads-events' })).toBeVisible();
  await page.getByText('Delete this connection …').click();
  await expect(page.getByText('One pipeline names it and fails from then on: reads-events.')).toBeVisible();
  await page.getByRole('button', { name: 'Delete events' }).click();
  await expect(page.getByText('No connections yet')).toBeVisible();
  await context.close();
});
