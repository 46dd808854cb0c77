// The frame around every page: palette, keys, undo, zones, tenants.
import type { Page } from '@playwright/test';
import { createPipeline, expect, pipelineOf, test } from './fixtures.ts';
import { withOwner } from './owner.ts';
import { makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

const projectOf = (isMobile: boolean) => (isMobile ? 'phone' : 'desktop');
const palette = (page: Page) => page.getByRole('dialog', { name: 'Search and commands' });
/** Keys and menus work once the scripts are there; that the live channel is up tells so. */
const ready = (page: Page) => expect(page.getByText(/^Live, updated/)).toBeVisible();

async function openPalette(page: Page) {
  await page.getByRole('button', { name: 'Search and commands' }).filter({ visible: true }).click();
  await expect(palette(page)).toBeVisible();
}
async function openMenu(page: Page, isMobile: boolean) {
  if (isMobile) await page.getByRole('button', { name: 'Open menu' }).click();
}

test('the palette finds a pipeline by a part of its name and goes there', async ({ operator: page, isMobile }) => {
  await page.goto('/data/runs');
  await ready(page);
  if (isMobile) await openPalette(page);
  else await page.keyboard.press('ControlOrMeta+k');
  await palette(page).getByRole('combobox').fill('weath');
  await expect(palette(page).getByRole('option', { name: 'seattle-weather' })).toBeVisible();
  await expect(palette(page).getByRole('option', { name: 'flight-delays' })).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(page).toHaveTitle('seattle-weather · Mainspring');
  await expect(palette(page)).toHaveCount(0);
});

test('the palette pauses a schedule after a confirmation, and the toast takes it back', async ({
  operator: page,
  api,
  isMobile,
}) => {
  test.slow();
  const { id, name } = await createPipeline(api, `palette-${projectOf(isMobile)}`);
  await page.goto('/data/runs');
  await ready(page);
  await openPalette(page);
  await palette(page).getByRole('option', { name: 'Pause a schedule…' }).click();
  await palette(page).getByRole('combobox').fill(name);
  await palette(page).getByRole('option', { name }).click();
  const dialog = page.getByRole('dialog', { name: `Pause the schedule of ${name}?` });
  await dialog.getByLabel('Reason').fill('by the palette');
  await dialog.getByRole('button', { name: 'Pause schedule' }).click();
  await expect(page.getByText('Schedule paused', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Schedule resumed', { exact: true })).toBeVisible();
  const answer = (await (await api.get(`pipelines/${id}`)).json()) as { paused: unknown };
  expect(answer.paused).toBeNull();
});

test('keys lead to the views, and a sheet tells of them', async ({ operator: page, isMobile }) => {
  test.skip(isMobile, 'a phone has no such keys');
  test.slow();
  // A pair counts when its second key comes soon; on a busy machine the first two may not.
  const go = (key: string, address: RegExp) =>
    expect(async () => {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await expect(page).toHaveURL(address, { timeout: 4_000 });
    }).toPass({ timeout: 60_000 });
  await page.goto('/data/scheduler');
  await ready(page);
  await go('r', /\/data\/runs$/);
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toContainText('Search and commands');
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);
  await go('p', /\/data\/pipelines$/);
  // The address changes before the page is drawn.
  await expect(page.getByLabel('Search by name')).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByLabel('Search by name')).toBeFocused();
  // Letters in a field are text.
  await page.keyboard.type('gs');
  await expect(page.getByLabel('Search by name')).toHaveValue('gs');
});

test("shows times in UTC, in a zone, or in each schedule's own", async ({ operator: page, installation, isMobile }) => {
  test.slow();
  const { id } = pipelineOf(installation, 'flight-delays');
  const choose = async (name: RegExp) => {
    await openMenu(page, isMobile);
    await page.getByRole('button', { name: /Change time zone$/ }).click();
    await page.getByRole('menuitemradio', { name }).click();
    if (isMobile) await page.getByRole('button', { name: 'Close menu' }).click();
  };
  /** The zone that the exact form of the page's first instant names. */
  const zoneShown = async () => {
    const created = page.getByText('Created', { exact: true }).locator('..').locator('time');
    await created.blur();
    await created.focus();
    return page
      .getByRole('tooltip')
      .first()
      .textContent({ timeout: 3_000 })
      .catch(() => '');
  };
  await page.goto(`/data/pipelines/${id}`);
  await ready(page);
  await choose(/Asia\/Tokyo/);
  await expect.poll(zoneShown).toContain('Asia/Tokyo (UTC+09:00)');
  await choose(/Each schedule's own/);
  await expect.poll(zoneShown).toContain('America/New_York');
  await choose(/^UTC/);
  await expect.poll(zoneShown).toContain('UTC');
});

test('a person of two tenants goes from one to the other', async ({ page, installation }) => {
  test.slow();
  const [first, second] = [await makeKeptTenant([]), await makeKeptTenant([])];
  await signInAsAdmin(page, first, installation.baseUrl);
  await withOwner(
    (sql) => sql`insert into memberships (tenant_id, user_id, role)
      select ${second.id}, id, 'viewer' from users where email = ${`admin@${first.slug}.example`}`,
  );
  await page.goto('/data/pipelines');
  await ready(page);
  await expect(page.getByRole('link', { name: 'New pipeline' })).toBeVisible();
  await page
    .getByRole('button', { name: `Tenant ${first.name}. Change tenant` })
    .filter({ visible: true })
    .click();
  // A refresh that comes while it is under way must not drop where it leads.
  await page.route(/\/tenant\.data$/, async (route) => {
    if (route.request().method() === 'POST') {
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    await route.continue();
  });
  await page.getByRole('menuitemradio', { name: second.name }).click();
  await expect(page).toHaveURL(/\/data\/scheduler$/);
  await expect(
    page.getByRole('button', { name: `Tenant ${second.name}. Change tenant` }).filter({ visible: true }),
  ).toBeVisible();
  // There the person may only read.
  await page.goto('/data/pipelines');
  await expect(page.getByRole('heading', { name: 'Pipelines', level: 1 })).toBeVisible();
  await expect(page.getByRole('link', { name: 'New pipeline' })).toHaveCount(0);
});

test('says on every page that all work is stopped, and why', async ({ page, installation }) => {
  test.slow();
  const tenant = await makeKeptTenant([]);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  await page.goto('/data/pipelines');
  const headers = { origin: installation.baseUrl };
  const stop = await page.request.post('/api/v1/stop', { headers, data: { reason: 'the disk is full' } });
  expect(stop.status(), await stop.text()).toBe(200);
  await expect(page.getByText('All work of this tenant is stopped')).toBeVisible();
  await page.goto('/data/runs');
  await expect(page.getByRole('status').filter({ hasText: 'the disk is full' })).toBeVisible();
  expect((await page.request.post('/api/v1/resume', { headers, data: {} })).status()).toBe(200);
  await expect(page.getByText('All work of this tenant is stopped')).toHaveCount(0, { timeout: 30_000 });
});
