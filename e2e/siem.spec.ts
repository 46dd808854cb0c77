import { expect, expectUsable, test } from './fixtures.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';
import { refuse } from './siem-refusals.ts';

test('shows an admin what the SIEM refused, and sends it again or discards it', async ({ page, installation }) => {
  test.slow();
  const tenant = await makeKeptTenant([]);
  const other = await makeKeptTenant([]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/ops/siem');
  await expect(page).toHaveTitle('SIEM · Mainspring');
  await expect(page.getByText('The SIEM has refused nothing')).toBeVisible();
  await refuse(tenant.id, ['report.read', 'report.write']);
  await refuse(other.id, ['secret.of.others']);

  await page.reload();
  const rows = page.getByRole('list', { name: 'Rows that the SIEM refused' }).locator('> li');
  await expect(rows).toHaveCount(2);
  const [written, read] = [rows.filter({ hasText: 'report.write' }), rows.filter({ hasText: 'report.read' })];
  await expect(written).toContainText('400: mapper_parsing_exception: field [note]');
  await written.getByText('Payload').click();
  await expect(written.getByText('too <b>long</b>')).toBeVisible();
  await expectUsable(page);

  await written.getByRole('button', { name: 'Send again: report.write by ada@example.org' }).click();
  await expect(page.getByText('1 row sent again', { exact: true })).toBeVisible();
  await read.getByRole('button', { name: 'Discard: report.read by ada@example.org' }).click();
  await expect(page.getByText('1 row discarded', { exact: true })).toBeVisible();
  await expect(page.getByText('The SIEM has refused nothing')).toBeVisible();

  const states = page.getByRole('navigation', { name: 'State' });
  await states.getByRole('link', { name: 'Sent again' }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText(`Sent again by admin@${tenant.slug}.example`);
  // The installation under test has no SIEM, and nothing that ships to one.
  await expect(page.getByText('These rows wait: ')).toBeVisible();
  await states.getByRole('link', { name: 'Discarded' }).click();
  await expect(rows).toHaveCount(1);
  await rows.getByRole('button', { name: 'Send again: report.read by ada@example.org' }).click();
  await expect(page.getByText('Nothing was discarded')).toBeVisible();
  await expectUsable(page);
});
