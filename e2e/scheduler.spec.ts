import { expect, succeededRun, test } from './fixtures.ts';

test('shows schedule, outcome, lag and the next five fires of every demo pipeline', async ({
  operator: page,
  installation,
  api,
  isMobile,
}) => {
  for (const { id } of installation.pipelines) await succeededRun(api, id);
  await page.goto('/data/scheduler');
  await expect(page).toHaveTitle('Scheduler · Mainspring');
  await expect(page.getByText('Scheduler is ticking')).toBeVisible();
  for (const { name } of installation.pipelines) {
    const entry = page
      .getByRole(isMobile ? 'listitem' : 'row')
      .filter({ has: page.getByRole('link', { name, exact: true }) });
    await expect(entry.getByText(/^every/).first()).toBeVisible();
    await expect(entry.getByText(/Succeeded|Running|Queued/).first()).toBeVisible();
    const clockTimes = (await entry.textContent())?.match(/\d\d:\d\d/g) ?? [];
    expect(clockTimes.length, `${name}: five coming fires`).toBeGreaterThanOrEqual(5);
    await expect(entry.getByRole('img', { name: /The last 20 hours/ })).toBeVisible();
  }
  // A fire has come and gone for the one that is due each minute, so its lag is a number.
  const minutely = page.getByRole(isMobile ? 'listitem' : 'row').filter({ hasText: 'flight-delays' });
  await expect(minutely.getByText(/^\d+ s$/)).toBeVisible({ timeout: 75_000 });
});

test('changes nothing: it has no button that acts on a pipeline', async ({ operator: page }) => {
  await page.goto('/data/scheduler');
  await expect(page.getByRole('main').getByRole('button', { name: /run now|pause$|resume$/i })).toHaveCount(0);
});

test('filters by label in the address', async ({ operator: page }) => {
  await page.goto('/data/scheduler');
  await page.getByLabel('Filter by label').fill('team:media');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/label=team%3Amedia/);
  await expect(page.getByRole('link', { name: 'movie-ratings', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'flight-delays', exact: true })).toHaveCount(0);
  await page.getByRole('link', { name: 'Remove label team:media' }).click();
  await expect(page.getByRole('link', { name: 'flight-delays', exact: true })).toBeVisible();
});

test('says so when no pipeline has the label', async ({ operator: page }) => {
  await page.goto('/data/scheduler?label=team:nobody');
  await expect(page.getByText('No pipeline matches this filter')).toBeVisible();
});

test('refreshes itself while it is looked at, and not while it is paused', async ({ operator: page }) => {
  test.slow();
  await page.goto('/data/scheduler');
  let asked = 0;
  page.on('request', (request) => {
    if (request.url().includes('/data/scheduler.data')) asked += 1;
  });
  await expect.poll(() => asked, { timeout: 45_000 }).toBeGreaterThanOrEqual(2);
  await page.getByRole('button', { name: 'Pause live updates' }).click();
  await expect(page.getByText(/Paused, from/)).toBeVisible();
  const before = asked;
  await expect(page.getByText(/Paused, from ([89]|[1-9]\d+) s ago/)).toBeVisible({ timeout: 30_000 });
  // One more may have been on its way when the button was pressed.
  expect(asked).toBeLessThanOrEqual(before + 1);
});

test.describe('while the server is away', () => {
  test.use({ expectedErrors: [/Failed to load resource/] });
  test('the page stays as it is, says so, and goes on when the server is back', async ({ operator: page }) => {
    test.slow();
    await page.goto('/data/scheduler');
    await page.route('**/*', (route) => route.abort('connectionrefused'));
    await expect(page.getByText(/Server does not answer, from \d+ s ago/)).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText('Scheduler is')).toBeVisible();
    await page.unroute('**/*');
    await expect(page.getByText(/^(Updated|Live, updated)/)).toBeVisible({ timeout: 30_000 });
  });
});

test('keeps the chosen theme and zone', async ({ operator: page, isMobile }) => {
  const open = async (name: RegExp) => {
    if (isMobile) await page.getByRole('button', { name: 'Open menu' }).click();
    await page.getByRole('button', { name }).click();
  };
  await page.goto('/data/scheduler');
  await open(/^Theme/);
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await open(/Change time zone$/);
  await page.getByRole('menuitemradio', { name: /Asia\/Tokyo/ }).click();
  await page.goto('/data/runs');
  if (!isMobile) await expect(page.getByRole('button', { name: /shown in Asia\/Tokyo/ })).toBeVisible();
});

test('can be reached and skipped through by keyboard', async ({ operator: page, isMobile }) => {
  test.skip(isMobile, 'a phone has no Tab key');
  await page.goto('/data/scheduler');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
});
