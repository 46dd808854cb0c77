import { expect, test } from './fixtures.ts';
import { withOwner } from './owner.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

test('an admin sees the limits and what is used of them; the instance operator changes them', async ({
  page,
  installation,
}) => {
  test.slow();
  const tenant = await makeKeptTenant([]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/settings/limits');
  const row = (label: string) =>
    page.getByRole('region', { name: 'Limits' }).getByRole('row').filter({ hasText: label });
  await expect(row('Pipelines').getByRole('cell').last()).toHaveText('20,000');
  await expect(page.getByText('The instance operator of this installation changes them.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Set limits' })).toHaveCount(0);

  await withOwner(
    (sql) => sql`update users set is_instance_operator = true where email = ${`admin@${tenant.slug}.example`}`,
  );
  await page.reload();
  await page.getByLabel('Pipelines').fill('0');
  await page.getByRole('button', { name: 'Set limits' }).click();
  await expect(page.getByText('Changed: pipelines')).toBeVisible();
  await expect(row('Pipelines')).toContainText('full');
  const refused = await page.request.post('/api/v1/pipelines', {
    headers: { origin: installation.baseUrl },
    data: {
      document: {
        ...{ kind: 'pipeline', version: '1.0', metadata: { name: 'one-too-many' } },
        nodes: [
          { id: 'rows', kind: 'source', config: { type: 'table', table: 't' } },
          { id: 'kept', kind: 'target', inputs: ['rows'], config: { type: 'table', table: 'u', mode: 'append' } },
        ],
      },
    },
  });
  expect(await refused.json()).toMatchObject({ code: 'QUOTA_EXCEEDED' });

  await page.getByLabel('Pipelines').fill('');
  await page.getByRole('button', { name: 'Set limits' }).click();
  await expect(row('Pipelines').getByRole('cell').last()).toHaveText('20,000');
});
