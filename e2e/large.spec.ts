// Lists of a tenant with 10,000 pipelines: the document stays small, and the last row can be reached.
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { makeLargeTenant } from './large-tenant.ts';
import { signInAsAdmin } from './retention-tenant.ts';

/** Elements in the document; a hundred full rows of the scheduler alone would be twice as many. */
const countNodes = (page: Page) => page.evaluate(() => document.querySelectorAll('body *').length);
const MOST_NODES = 4_500;

test('10,000 pipelines: lists and scheduler answer, draw what is looked at, and scroll to the end', async ({
  page,
  installation,
  isMobile,
}) => {
  test.skip(isMobile, 'the cards of a phone are drawn whole, fifty at a time');
  test.setTimeout(300_000);
  const tenant = await makeLargeTenant(10_000);
  await signInAsAdmin(page, tenant, installation.baseUrl);
  for (const path of ['/data/pipelines?rows=200', '/data/scheduler?rows=200', '/data/runs?rows=200']) {
    await page.goto(path);
    const table = page.getByRole('table').first();
    await expect(table).toHaveAttribute('aria-rowcount', '201');
    // Hydrated: until then the whole page stands there, for who has no scripts.
    await expect
      .poll(() => countNodes(page), { message: `${path} draws only a part`, timeout: 60_000 })
      .toBeLessThan(MOST_NODES);
    // Rows are measured as they are drawn, so that the page grows under each scroll, and may grow past its end.
    const below = page.getByRole('navigation', { name: /^Pages of/ });
    const last = page.locator('tr[data-index="199"]');
    await expect(async () => {
      await below.scrollIntoViewIfNeeded({ timeout: 2_000 });
      await last.scrollIntoViewIfNeeded({ timeout: 2_000 });
      await expect(last).toBeInViewport({ timeout: 2_000 });
    }).toPass({ timeout: 30_000 });
    expect(await countNodes(page)).toBeLessThan(MOST_NODES);
  }
  await page.goto('/data/pipelines');
  await page.getByLabel('Search by name').fill('pipeline-09999');
  await expect(page.getByRole('link', { name: 'pipeline-09999' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'pipeline-00001' })).toHaveCount(0);
});
