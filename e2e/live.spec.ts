// The live channel as a person sees it: what others do shows at once, from one line for all tabs of a browser.
import type { Page } from '@playwright/test';
import { createPipeline, expect, signIn, test } from './fixtures.ts';

const LIVE = /^Live, updated/;
const projectOf = (isMobile: boolean) => (isMobile ? 'phone' : 'desktop');
/** Counts the lines that a page opens. */
function countLines(page: Page): () => number {
  let opened = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/live') opened += 1;
  });
  return () => opened;
}

test('shows what somebody else did, without asking every few seconds', async ({ operator: page, api, isMobile }) => {
  const { id, name } = await createPipeline(api, `watched-${projectOf(isMobile)}`);
  await page.goto(`/data/pipelines?search=${name}`);
  await expect(page.getByText(LIVE)).toBeVisible();
  await api.post(`pipelines/${id}/pause`, { data: { reason: 'by somebody else' } });
  await expect(page.getByText('Paused', { exact: true }).filter({ visible: true })).toBeVisible();
  await api.post(`pipelines/${id}/resume`);
  await expect(page.getByText('Scheduled', { exact: true }).filter({ visible: true })).toBeVisible();
});

test.describe('while the channel cannot be opened', () => {
  test.use({ expectedErrors: [/Failed to load resource/] });
  test('the page asks by itself', async ({ operator: page, api, isMobile }) => {
    const { id, name } = await createPipeline(api, `polled-${projectOf(isMobile)}`);
    await page.route('**/live', (route) => route.abort('connectionrefused'));
    await page.goto(`/data/pipelines?search=${name}`);
    await expect(page.getByText(/^Updated/)).toBeVisible();
    await api.post(`pipelines/${id}/pause`, { data: { reason: 'by somebody else' } });
    await expect(page.getByText('Paused', { exact: true }).filter({ visible: true })).toBeVisible({ timeout: 30_000 });
    await api.post(`pipelines/${id}/resume`);
  });
});

test('two tabs share one line, and the second has it when the first is closed', async ({ operator: page, context }) => {
  const first = countLines(page);
  await page.goto('/data/runs');
  await expect(page.getByText(LIVE)).toBeVisible();
  const other = await context.newPage();
  const second = countLines(other);
  await other.goto('/data/pipelines');
  await expect(other.getByText(LIVE)).toBeVisible();
  expect([first(), second()]).toEqual([1, 0]);
  await page.close();
  await expect.poll(second).toBe(1);
  await expect(other.getByText(LIVE)).toBeVisible();
});

test('a page whose session was ended elsewhere asks to sign in', async ({ browser, installation, isMobile }) => {
  test.slow();
  const context = await browser.newContext({ baseURL: installation.baseUrl });
  const [watching, leaving] = [await context.newPage(), await context.newPage()];
  await signIn(watching, installation);
  await expect(watching.getByText(/^Live, updated/)).toBeVisible();
  await leaving.goto('/data/runs');
  if (isMobile) await leaving.getByRole('button', { name: 'Open menu' }).click();
  await leaving.getByRole('button', { name: /^Account of/ }).click();
  await leaving.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(watching).toHaveURL(/\/login/, { timeout: 30_000 });
  await context.close();
});
