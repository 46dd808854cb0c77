import { expect, expectUsable, test } from './fixtures.ts';
import { makeGovernedTenant, openPerson } from './governed-tenant.ts';

const documentOf = (description: string) => ({
  ...{ kind: 'pipeline', version: '1.0' },
  metadata: { name: 'parcels-copied', description, labels: { env: 'prod' } },
  nodes: [
    { id: 'rows', kind: 'source', config: { type: 'table', table: 'parcels' } },
    { id: 'kept', kind: 'target', inputs: ['rows'], config: { type: 'table', table: 'parcels_kept', mode: 'append' } },
  ],
});

test('one asks, another approves, a third rejects; nobody approves their own', async ({ browser, installation }, {
  project,
}) => {
  test.slow();
  const tenant = await makeGovernedTenant();
  const more = { baseUrl: installation.baseUrl, isPhone: project.name === 'phone' };
  const ada = await openPerson(browser, tenant, { name: 'ada', role: 'admin', ...more });
  const bea = await openPerson(browser, tenant, { name: 'bea', role: 'operator', ...more });

  await ada.page.goto('/ops/approvals');
  await expect(ada.page.getByText('No change requests yet')).toBeVisible();
  await ada.page.getByRole('button', { name: 'Change rules' }).click();
  const rules = ada.page.getByRole('dialog', { name: 'Rules of approval' });
  await rules.getByLabel('Labels that demand approval').fill('env:prod');
  await rules.getByLabel('Name').fill('Owners');
  await rules.getByLabel('Who may approve').selectOption({ label: 'Operators and admins' });
  await rules.getByRole('button', { name: 'Set rules' }).click();
  await expect(rules).toBeHidden();
  await expect(ada.page.getByText('one person who is operator or admin')).toBeVisible();
  await expectUsable(ada.page);

  const { body: made } = await ada.call('POST /pipelines', { document: documentOf('first') });
  await ada.page.goto(`/data/pipelines/${made.id}/publish?version=1`);
  await ada.page.getByRole('button', { name: 'Publish version 1' }).click();
  await expect(ada.page.getByText('Version 1 was sent for approval and is not live yet.')).toBeVisible();
  await ada.page.getByRole('link', { name: 'See the change request' }).click();
  await expect(ada.page.getByRole('heading', { name: 'Version 1 of parcels-copied' })).toBeVisible();
  await expect(ada.page.getByText(/You cannot approve it: you asked for this change/)).toBeVisible();
  await expect(ada.page.getByRole('button', { name: 'Approve' })).toHaveCount(0);
  await expectUsable(ada.page);

  await bea.page.goto('/ops/approvals');
  await expect(bea.page.getByText('1 waiting for you.')).toBeVisible();
  await bea.page.getByRole('region', { name: 'Waiting for you' }).getByRole('link', { name: 'parcels-copied' }).click();
  await bea.page.getByRole('button', { name: 'Approve' }).click();
  await bea.page.keyboard.press('Escape');
  await expect(bea.page.getByRole('button', { name: 'Approve' })).toBeFocused();
  await bea.page.getByRole('button', { name: 'Approve' }).click();
  const approving = bea.page.getByRole('dialog', { name: 'Approve: Version 1 of parcels-copied?' });
  await approving.getByLabel('Comment').fill('as agreed');
  await approving.getByRole('button', { name: 'Approve change' }).click();
  await expect(approving).toBeHidden();
  await expect(bea.page.getByText('It was carried out with the last approval.')).toBeVisible();
  // The button is gone with its deed: the keyboard goes on from the page's content.
  await expect(bea.page.locator('#content')).toBeFocused();
  await expect(bea.page.getByText('as agreed')).toBeVisible();
  await expectUsable(bea.page);
  await ada.page.goto(`/data/pipelines/${made.id}/versions`);
  // On a phone the column is not shown; it is there all the same.
  await expect(ada.page.getByRole('region', { name: 'Versions' })).toContainText(bea.email);

  await ada.call(`PUT /pipelines/${made.id}/ir`, { baseVersion: 1, document: documentOf('second') });
  const asked = await ada.call(`POST /pipelines/${made.id}/publish`, {});
  expect(asked).toMatchObject({ status: 202, body: { state: 'waiting', version: 2 } });
  const { id } = asked.body.changeRequest as { id: string };
  await bea.page.goto(`/ops/approvals/${id}`);
  await bea.page.getByRole('button', { name: 'Reject' }).click();
  const rejecting = bea.page.getByRole('dialog', { name: 'Reject: Version 2 of parcels-copied?' });
  await rejecting.getByLabel('Reason').fill('not on a Friday');
  await rejecting.getByRole('button', { name: 'Reject change' }).click();
  await expect(rejecting).toBeHidden();
  await ada.page.goto(`/ops/approvals/${id}`);
  await expect(ada.page.getByText('Rejected', { exact: true }).first()).toBeVisible();
  await expect(ada.page.getByText('not on a Friday')).toBeVisible();
  await ada.page.goto('/ops/approvals?state=rejected');
  await expect(ada.page.getByRole('region', { name: 'Change requests' })).toContainText('v1 → v2');
  for (const { page } of [ada, bea]) await page.context().close();
});

test('an admin who loosens the rules asks another one; alone they are told whom to invite', async ({
  browser,
  installation,
}, { project }) => {
  test.slow();
  const tenant = await makeGovernedTenant();
  const more = { baseUrl: installation.baseUrl, isPhone: project.name === 'phone' };
  const ada = await openPerson(browser, tenant, { name: 'ada', role: 'admin', ...more });
  const rules = { selectors: ['env:prod'], stages: [{ name: 'Owners', approvers: 1, roles: ['admin'] }] };
  expect(await ada.call('PUT /approvals/settings', { ...rules, version: 0 })).toMatchObject({ status: 200 });

  await ada.page.goto('/ops/approvals');
  await expect(ada.page.getByText(/This tenant has one admin/)).toBeVisible();
  await ada.page.getByRole('button', { name: 'Change rules' }).click();
  const dialog = ada.page.getByRole('dialog', { name: 'Rules of approval' });
  await dialog.getByLabel('Labels that demand approval').fill('');
  await dialog.getByLabel(/No pipeline needs approval/).check();
  await dialog.getByRole('button', { name: 'Set rules' }).click();
  await expect(dialog).toBeHidden();
  await expect(ada.page.getByText(/There is no other admin who could approve it/).first()).toBeVisible();
  await ada.page.getByRole('link', { name: 'Looser rules wait for approval' }).click();
  await expect(ada.page.getByRole('heading', { name: 'Looser rules of approval' })).toBeVisible();
  await expect(ada.page.getByText('pipelines labelled env:prod would need no approval', { exact: true })).toBeVisible();
  await expect(ada.page.getByText(/You cannot approve it: you asked for this change/)).toBeVisible();
  await expectUsable(ada.page);

  const bea = await openPerson(browser, tenant, { name: 'bea', role: 'admin', ...more });
  await bea.page.goto('/ops/approvals');
  await bea.page
    .getByRole('region', { name: 'Waiting for you' })
    .getByRole('link', { name: 'Rules of approval' })
    .click();
  await bea.page.getByRole('button', { name: 'Approve' }).click();
  const approving = bea.page.getByRole('dialog', { name: 'Approve: Looser rules of approval?' });
  await approving.getByRole('button', { name: 'Approve change' }).click();
  await expect(approving).toBeHidden();
  await bea.page.goto('/ops/approvals');
  await expect(bea.page.getByText(`by ${ada.email}, approved by ${bea.email}`)).toBeVisible();
  await expectUsable(bea.page);
  for (const { page } of [ada, bea]) await page.context().close();
});

test.describe('a change request that is nowhere', () => {
  // The browser's own line for the answer.
  test.use({ expectedErrors: [/404/] });
  test('says so', async ({ operator }) => {
    await operator.goto('/ops/approvals/01900000-0000-7000-8000-000000000000');
    await expect(operator.getByRole('alert')).toContainText('there is no change request');
  });
});
