import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { BlobReader, configure, TextWriter, ZipReader } from '@zip.js/zip.js';
import { cellsOf, expect, expectUsable, test } from './fixtures.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

configure({ useWebWorkers: false });
/** A worker takes a request up within some seconds; another cleanup may be under way and goes first. */
const CARRIED_OUT_MS = 120_000;

async function takeRequest(page: Page, kind: 'access' | 'erase', customerId: string): Promise<void> {
  await page.goto('/data/retention');
  await page.getByRole('button', { name: 'New request' }).click();
  const dialog = page.getByRole('dialog', { name: 'Take a data request' });
  await dialog.getByLabel('What is asked for').selectOption(kind);
  await dialog.getByLabel('Customer id').fill(customerId);
  await dialog.getByLabel('Note').fill(`Letter of ${customerId}`);
  await dialog.getByRole('button', { name: 'Take request' }).click();
  await expect(dialog).toBeHidden();
  const words = kind === 'access' ? 'Access' : 'Erasure';
  await page.getByRole('link', { name: `${words} request of ${customerId}` }).click();
  await expect(page.getByRole('heading', { name: `${words} request of ${customerId}` })).toBeVisible();
}

const eraseNow = async (page: Page) => {
  await page.getByRole('button', { name: 'Erase now' }).click();
  await page
    .getByRole('dialog', { name: /^Erase everything of/ })
    .getByRole('button', { name: 'Erase it all' })
    .click();
};

test('a person is given their data: taken, carried out, downloaded and opened, also by the link that is made for them', async ({
  page,
  request,
  installation,
}) => {
  test.slow();
  const tenant = await makeKeptTenant([
    { customerId: 'asks-1', ageDays: 4, count: 3 },
    { customerId: 'other-1', ageDays: 4, count: 2 },
  ]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/data/retention');
  await expect(page.getByText('No request is open')).toBeVisible();
  await takeRequest(page, 'access', 'asks-1');
  await expectUsable(page);
  await page.getByRole('button', { name: 'Make the bundle now' }).click();
  await expect(page.getByRole('heading', { name: 'Bundle' })).toBeVisible({ timeout: CARRIED_OUT_MS });
  await expect(cellsOf(page, 'Rows by store', 'Interaction history').nth(1)).toHaveText('3');
  await expect(cellsOf(page, 'Rows by store', 'Decision traces').nth(1)).toHaveText('3');

  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  const file = await (await downloading).path();
  const names = new Map<string, string>();
  for (const entry of await new ZipReader(
    new BlobReader(new Blob([new Uint8Array(await readFile(file))])),
  ).getEntries())
    if (!entry.directory) names.set(entry.filename, await entry.getData(new TextWriter()));
  expect(JSON.parse(names.get('manifest.json')!)).toMatchObject({ subject: 'asks-1', controller: tenant.name });
  expect(names.get('interaction_history.ndjson')!.trimEnd().split('\n')).toHaveLength(3);
  expect([...names.values()].join()).not.toContain('other-1');

  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = (await page.getByRole('region', { name: 'Download link' }).textContent()) ?? '';
  await expectUsable(page);
  // Without a session; the link is enough until another is made.
  const byLink = await request.get(link.trim());
  expect([byLink.status(), byLink.headers()['content-type'], byLink.headers()['cache-control']]).toEqual([
    ...[200, 'application/zip', 'no-store, private'],
  ]);
  expect((await byLink.body()).equals(await readFile(file))).toBe(true);
  const bare = await request.get(link.trim().replace(/\?.*/, ''));
  expect(bare.status()).toBe(401);
  expect((await request.get(`${link.trim()}x`)).status()).toBe(400);
});

test('an erasure is refused while a hold is in force, and carried out when it is released, with a receipt', async ({
  page,
  installation,
}) => {
  test.slow();
  const tenant = await makeKeptTenant([{ customerId: 'goes-1', ageDays: 4, count: 3 }]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/data/retention');
  await page.getByRole('button', { name: 'Place a hold' }).click();
  const hold = page.getByRole('dialog', { name: 'Place a hold' });
  await hold.getByLabel('Customer id').fill('goes-1');
  await hold.getByLabel('Reason').fill('Case 77');
  await hold.getByRole('button', { name: 'Place hold' }).click();
  await expect(hold).toBeHidden();

  await takeRequest(page, 'erase', 'goes-1');
  const address = page.url();
  await eraseNow(page);
  await expect(page.getByText('Refused by a hold').first()).toBeVisible({ timeout: CARRIED_OUT_MS });
  await expect(page.getByText('“Case 77”')).toBeVisible();
  await expectUsable(page);

  await page.goto('/data/retention');
  await expect(cellsOf(page, 'Data requests', 'goes-1').nth(2)).toContainText('Refused by a hold');
  await page.getByRole('button', { name: 'Release the hold on Customer goes-1' }).click();
  const release = page.getByRole('dialog', { name: 'Release the hold on Customer goes-1?' });
  await release.getByLabel('Reason').fill('Settled');
  await release.getByRole('button', { name: 'Release hold' }).click();
  await expect(release).toBeHidden();

  await page.goto(address);
  // A cleanup that came by since the release has carried it out already.
  const receipt = page.getByRole('heading', { name: 'Receipt 1' });
  const now = page.getByRole('button', { name: 'Erase now' });
  await expect(receipt.or(now).first()).toBeVisible();
  if (await now.isVisible()) await eraseNow(page).catch(() => {});
  await expect(receipt).toBeVisible({ timeout: CARRIED_OUT_MS });
  await expect(cellsOf(page, 'Rows by store', 'Interaction history').nth(1)).toHaveText('3');
  // Neither the hold nor the request named the subject there: both have its hash.
  await expect(cellsOf(page, 'Rows by store', 'Audit log')).toHaveCount(0);
  await expect(page.getByText('process logs and backups of the database')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Copy hash of the receipt', exact: true })).toBeVisible();
  await expect(page.getByText('goes-1')).toHaveCount(0);
  await expectUsable(page);
  await page.goto('/data/retention?requests=all');
  await expect(cellsOf(page, 'Data requests', 'a customer since erased, …').nth(2)).toContainText('Completed');
});
