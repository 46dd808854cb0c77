import { expect, expectUsable, test } from './fixtures.ts';
import { withOwner } from './owner.ts';
import { type KeptTenant, makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

/** Twelve interactions of today with eight good outcomes are hot, twelve of three weeks ago warm, one of long ago cold. */
async function makeEngagedTenant(): Promise<KeptTenant> {
  const tenant = await makeKeptTenant([
    { customerId: 'north-1', ageDays: 0.01, count: 12 },
    { customerId: 'north-2', ageDays: 20, count: 12 },
    { customerId: 'south-1', ageDays: 60, count: 1 },
    { customerId: 'south-2', ageDays: 80, count: 1 },
  ]);
  await withOwner(
    (sql) => sql`insert into interaction_outcomes (tenant_id, interaction_id, customer_id, outcome)
      select tenant_id, id, customer_id, 'accepted' from interaction_history
      where tenant_id = ${tenant.id} and customer_id = 'north-1' order by id limit 8`,
  );
  return tenant;
}

test('customers are seen by score, narrowed to a band and to how an id begins, each with the parts of the score', async ({
  page,
  installation,
}) => {
  const tenant = await makeEngagedTenant();
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/data/engagement');
  await expect(page.getByText('No scores yet')).toBeVisible();
  const computed = await page.request.post('/api/v1/engagement/recompute', {
    ...{ headers: { origin: installation.baseUrl }, data: {} },
  });
  expect(computed.status(), await computed.text()).toBe(200);

  await page.goto('/data/engagement');
  await expect(page.getByText(/^4 customers, computed/)).toBeVisible();
  await expect(page.getByRole('img', { name: /^Scores of 4 customers: .*\b1 from 90$/ })).toBeVisible();
  const bands = page.getByRole('listitem');
  await expect(bands.filter({ hasText: '70 to 100' })).toContainText(/1\s*25 %/);
  await expect(bands.filter({ hasText: '40 to 70' })).toContainText(/1\s*25 %/);
  await expect(bands.filter({ hasText: 'below 40' })).toContainText(/2\s*50 %/);
  const rows = page.getByRole('region', { name: 'Customers by score' }).getByRole('row');
  // The first row is the head. The highest score comes first.
  await expect(rows.getByRole('cell').filter({ hasText: /^(north|south)-/ })).toHaveText([
    ...['north-1', 'north-2', 'south-1', 'south-2'],
  ]);
  // 39.99 for a quarter of an hour ago, cut and not rounded, 30 for ten interactions and more, and 30 * 8 / (8 + 2) for
  // the outcomes.
  await expect(rows.filter({ hasText: 'north-1' }).getByRole('cell')).toHaveText([
    ...['north-1', '93.9', 'Hot', '39.9', '30.0 (12 in 90 d)', '24.0 (8 of 8)', /\d/],
  ]);
  await expectUsable(page);

  const choices = page.getByRole('group', { name: 'Band' });
  await choices.getByRole('link', { name: 'Cold' }).click();
  await expect(page).toHaveURL(/band=cold/);
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: 'south-1' })).toContainText('Cold');
  await page.getByLabel('Customer id begins with').fill('south-2');
  await expect(page).toHaveURL(/search=south-2/);
  await expect(rows).toHaveCount(2);
  await page.getByLabel('Customer id begins with').fill('north');
  await expect(page.getByText('No customer fits')).toBeVisible();
  await choices.getByRole('link', { name: 'All' }).click();
  await expect(rows).toHaveCount(3);
  await expectUsable(page);
});
