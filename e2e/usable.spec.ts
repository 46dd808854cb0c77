// Every view by axe and by width: light on the wide screen, dark on the phone, so that both themes and widths are seen.
import { expect, expectUsable, isDirty, pipelineOf, succeededRun, test } from './fixtures.ts';

test.beforeEach(async ({ page, isMobile }) => {
  // axe looks at every pair of colours: seconds on a page of fifty rows, and more on a busy machine.
  test.slow();
  await page.emulateMedia({ colorScheme: isMobile ? 'dark' : 'light' });
});

test('the sign-in page has no barrier', async ({ page }) => {
  await page.goto('/login');
  await expectUsable(page);
});

const VIEWS = [
  '/data/scheduler',
  '/data/pipelines',
  '/data/runs',
  '/data/engagement',
  '/data/models',
  '/data/gitops',
  '/data/retention',
];
const OPERATIONS = [
  '/ops/outbox',
  '/ops/approvals',
  '/ops/alerts',
  '/ops/reports',
  '/ops/cron',
  '/ops/audit',
  '/ops/audit/chain',
  '/ops/fleet',
];
for (const path of [...VIEWS, ...OPERATIONS]) {
  test(`${path} has no barrier`, async ({ operator: page }) => {
    await page.goto(path);
    await expectUsable(page);
  });
}

for (const tab of ['', '/runs', '/ledger', '/sql', '/ir', '/versions?from=1&to=1', '/publish']) {
  test(`a pipeline's page${tab} has no barrier`, async ({ operator: page, installation }) => {
    await page.goto(`/data/pipelines/${pipelineOf(installation, 'movie-ratings').id}${tab}`);
    await expectUsable(page);
  });
}

test('the document editor has no barrier', async ({ operator: page, installation }) => {
  await page.goto(`/data/pipelines/${pipelineOf(installation, 'movie-ratings').id}/edit`);
  await expect(page.locator('.cm-content')).toBeVisible();
  await expect(page.getByText('Ready to publish')).toBeVisible();
  await expectUsable(page);
});

test('the command palette has no barrier', async ({ operator: page }) => {
  await page.goto('/data/runs');
  await expect(page.getByText(/^Live, updated/)).toBeVisible();
  await page.getByRole('button', { name: 'Search and commands' }).filter({ visible: true }).click();
  await expect(page.getByRole('option').first()).toBeVisible();
  await expectUsable(page);
});

test('a dialog has no barrier', async ({ operator: page, installation }) => {
  await page.goto(`/data/pipelines/${pipelineOf(installation, 'movie-ratings').id}`);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expectUsable(page);
});

test('a run with an open step and an open dead letter has no barrier', async ({
  operator: page,
  installation,
  api,
}) => {
  const run = await succeededRun(api, pipelineOf(installation, 'movie-ratings').id, isDirty);
  await page.goto(`/data/runs/${run.id}`);
  await page.getByRole('region', { name: 'Steps', exact: true }).getByRole('button').first().click();
  await page
    .getByRole('button', { name: /show what was in it/ })
    .first()
    .click();
  await expectUsable(page);
});

test.describe('an error page', () => {
  test.use({ expectedErrors: [/status of 404/] });
  test('has no barrier', async ({ operator: page }) => {
    await page.goto('/data/pipelines/there-is-none');
    await expectUsable(page);
  });
});
