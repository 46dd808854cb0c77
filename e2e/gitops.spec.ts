// A repository behind git's own HTTP backend, compared and applied in a tenant of the test's own.
import { openGitServer } from '../server/gitops/testing/git-server.ts';
import { cellsOf, expect, expectUsable, test } from './fixtures.ts';
import { makeGovernedTenant, openPerson } from './governed-tenant.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

const document = (name: string, { table = 'facts', labels = {} } = {}) =>
  JSON.stringify({
    kind: 'pipeline',
    version: '1.0',
    metadata: { name, description: 'Kept in Git', labels },
    nodes: [
      { id: 'rows', kind: 'source', config: { type: 'table', table } },
      {
        id: 'kept',
        kind: 'target',
        inputs: ['rows'],
        config: { type: 'table', table: `${table}_kept`, mode: 'append' },
      },
    ],
  });

test('drift is found, shown and applied, and the page says what came of it', async ({ page, installation }) => {
  test.slow();
  const git = await openGitServer();
  try {
    const repository = git.makeRepository('team');
    repository.commit({
      'pipelines/one.yaml': document('from-git'),
      'pipelines/wrong.yaml': 'kind: pipeline\nmetadata: {name: wrong',
    });
    await signInAsAdmin(page, await makeKeptTenant([]), installation.baseUrl);
    await page.goto('/settings/connections?new=git');
    await page.getByLabel('Name').fill('repo');
    await page.getByLabel('Address').fill(repository.url);
    await page.getByLabel('Folder').fill('pipelines');
    await page.getByRole('button', { name: 'Make connection' }).click();
    await expect(page.getByText('repo is made')).toBeVisible();

    await page.goto('/data/gitops');
    await page.getByRole('button', { name: 'Set repository' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Set and check' }).click();
    await expect(page.getByText('Repository set and checked', { exact: true })).toBeVisible();
    const rows = page.getByRole('region', { name: 'Documents and pipelines' }).getByRole('row');
    await expect(rows.filter({ hasText: 'from-git' })).toContainText('Missing');
    await expect(rows.filter({ hasText: 'wrong.yaml' })).toContainText('Invalid');
    await expectUsable(page);

    await page.getByRole('button', { name: 'Apply from-git' }).click();
    const dialog = page.getByRole('dialog', { name: 'Apply from-git?' });
    // Its tables are not there, so that it could not go live.
    await dialog.getByLabel('Make live what is applied').uncheck();
    await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
    await expect(page.getByText('from-git applied', { exact: true })).toBeVisible();
    // On a phone the version is in the row and not shown; the text is there all the same.
    await expect(rows.filter({ hasText: 'from-git' })).toContainText('version 1, none live');
    await page.goto('/data/pipelines');
    await expect(page.getByRole('link', { name: 'from-git' })).toBeVisible();
  } finally {
    await git.close();
  }
});

test('what is applied under a rule of approval waits, and the page says so and leads to the request', async ({
  browser,
  installation,
}, { project }) => {
  test.slow();
  const git = await openGitServer();
  const tenant = await makeGovernedTenant();
  const { page, call } = await openPerson(browser, tenant, {
    ...{ name: 'ada', role: 'admin', baseUrl: installation.baseUrl, isPhone: project.name === 'phone' },
  });
  try {
    const repository = git.makeRepository('governed');
    repository.commit({ 'pipelines/parcels.yaml': document('parcels', { table: 'parcels', labels: { env: 'prod' } }) });
    const config = { url: repository.url, path: 'pipelines' };
    const made = await call('POST /connections', { name: 'repo', kind: 'git', config, secrets: {} });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const stages = [{ name: 'Owners', approvers: 1, roles: ['operator', 'admin'] }];
    await call('PUT /approvals/settings', { version: 0, selectors: ['env:prod'], stages });
    await call('PUT /gitops/source', { connection: 'repo' });
    await call('POST /gitops/check', {});

    await page.goto('/data/gitops');
    const row = cellsOf(page, 'Documents and pipelines', 'parcels');
    await expect(row.nth(1)).toContainText('Missing');
    await page.getByRole('button', { name: 'Apply parcels' }).click();
    const dialog = page.getByRole('dialog', { name: 'Apply parcels?' });
    await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
    // Once where it is seen, once where it is read out.
    await expect(page.getByText('It is saved and waits for approval.').first()).toBeVisible();
    await expect(row.nth(1)).toContainText('In sync');
    // On a phone the column of versions is not shown.
    if (project.name !== 'phone') await expect(row.nth(3)).toContainText('version 1, none live');
    await expectUsable(page);
    await page.getByRole('link', { name: 'See the change request' }).click();
    await expect(page.getByRole('heading', { name: 'Version 1 of parcels' })).toBeVisible();
    await expect(page.getByText('Waiting', { exact: true })).toBeVisible();
  } finally {
    await page.context().close();
    await git.close();
  }
});
