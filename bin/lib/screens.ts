// Pictures of every page at both widths and in both themes, into docs/screens. `npm run screens [name…]` starts the
// demo on a throwaway home, or uses the one in E2E_HOME; with names it takes only those, with --width=390 only that.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from '@playwright/test';
import startInstallation from '../../e2e/global-setup.ts';
import { type Installation, readInstallation } from '../../e2e/installation.ts';
import { chromiumFlags, findSystemChromium } from './chromium.ts';
import { makeScreenData } from './screen-data.ts';
import { SCREEN_PAGES, type ScreenPage, type Shown } from './screen-pages.ts';

const OUT = resolve(import.meta.dirname, '../../docs/screens');
const WIDTHS = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];
const THEMES = ['light', 'dark'] as const;
/** Longer pages are cut off, in pixels. */
const LONGEST_PX = 1_500;
const QUALITY = 72;
/** All pictures together, in bytes: they are part of the repository. */
const MOST_BYTES = 8_000_000;
const WAIT_MS = 120_000;

type Run = { id: string; rowsRejected: number | null; pipelineName: string };

/** Waits until the demo has something to show. */
async function whatIsShown(installation: Installation): Promise<Shown> {
  const { baseUrl, apiKey, pipelines } = installation;
  const pipelineId = pipelines.find(({ name }) => name === 'flight-delays')?.id ?? '';
  const deadlineMs = Date.now() + WAIT_MS;
  while (Date.now() < deadlineMs) {
    const answer = await fetch(`${baseUrl}/api/v1/runs?status=succeeded&limit=200`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const { items } = (await answer.json()) as { items: Run[] };
    const dirty = items.find(({ rowsRejected }) => (rowsRejected ?? 0) > 0);
    const names = new Set(items.map(({ pipelineName }) => pipelineName));
    if (dirty && pipelines.every(({ name }) => names.has(name)))
      return { pipelineId, dirtyRunId: dirty.id, ...(await makeScreenData(installation)) };
    await new Promise((done) => setTimeout(done, 1_000));
  }
  throw new Error(`the demo's pipelines did not all run within ${WAIT_MS / 1_000} s`);
}

async function signIn(page: Page, { login }: Installation): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(login.email);
  await page.getByLabel('Password').fill(login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/data/scheduler');
}

/** A WebP of the page from its top; a fifth of what a PNG of it takes. */
async function takePicture(page: Page, width: number, file: string): Promise<void> {
  const contentPx = await page.evaluate(() => document.documentElement.scrollHeight);
  const height = Math.min(contentPx, LONGEST_PX);
  // The window grows with the page, so that what sticks to it and what covers it does so to the end.
  await page.setViewportSize({ width, height: Math.max(height, page.viewportSize()?.height ?? 0) });
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', {
    format: 'webp',
    quality: QUALITY,
  });
  await session.detach();
  writeFileSync(file, Buffer.from(data, 'base64'));
}

async function takeAll(browser: Browser, installation: Installation, pages: ScreenPage[]): Promise<number> {
  const shown = await whatIsShown(installation);
  let failed = 0;
  for (const viewport of widths) {
    for (const theme of THEMES) {
      const context = await browser.newContext({ viewport, colorScheme: theme, baseURL: installation.baseUrl });
      const page = await context.newPage();
      const take = async ({ name, path, prepare }: ScreenPage) => {
        await page.setViewportSize(viewport);
        await page.goto(path(shown));
        await page.evaluate(() => document.fonts.ready);
        // Drawn once more with what only the browser knows.
        await page.waitForFunction(() =>
          Object.keys(document.documentElement).some((key) => key.startsWith('__react')),
        );
        await prepare?.(page, viewport.width >= 768);
        await page.waitForTimeout(400);
        await takePicture(page, viewport.width, join(OUT, `${name}-${viewport.width}-${theme}.webp`));
      };
      for (const stage of [true, false]) {
        if (!stage) await signIn(page, installation);
        for (const one of pages.filter(({ isPublic = false }) => isPublic === stage)) {
          await take(one).catch((error: unknown) => {
            failed += 1;
            console.error(`screens: ${one.name} at ${viewport.width} px, ${theme}: ${error}`);
          });
        }
      }
      await context.close();
    }
  }
  return failed;
}

const { values, positionals: wanted } = parseArgs({ options: { width: { type: 'string' } }, allowPositionals: true });
const widths = WIDTHS.filter(({ width }) => values.width === undefined || values.width === String(width));
const pages = SCREEN_PAGES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (pages.length === 0) throw new Error(`no page is called ${wanted.join(', ')}; bin/lib/screen-pages.ts has them all`);
mkdirSync(OUT, { recursive: true });
const stop = await startInstallation();
const browser = await chromium.launch({ executablePath: findSystemChromium() ?? undefined, args: chromiumFlags });
let failed = 0;
try {
  failed = await takeAll(browser, readInstallation(), pages);
} finally {
  await browser.close();
  await stop();
}
const bytes = readdirSync(OUT).reduce((sum, name) => sum + statSync(join(OUT, name)).size, 0);
console.log(
  `screens: ${pages.length * widths.length * THEMES.length - failed} pictures, ${(bytes / 1e6).toFixed(1)} MB in docs/screens`,
);
if (bytes > MOST_BYTES) console.error(`screens: that is more than ${MOST_BYTES / 1e6} MB`);
process.exit(failed > 0 || bytes > MOST_BYTES ? 1 : 0);
