// What the first look costs: script, and nothing that jumps.
import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';

const MOST_SCRIPT_BYTES = 200_000;
const MOST_SHIFT = 0.1;

/** Bytes of all scripts that a page loads, each compressed as gzip does at its best. */
async function scriptBytes(page: Page, path: string): Promise<{ bytes: number; files: number }> {
  const bodies = new Map<string, Promise<Buffer>>();
  page.on('response', (response) => {
    const url = new URL(response.url());
    if (!url.pathname.endsWith('.js') || response.status() !== 200) return;
    bodies.set(url.pathname, response.body());
  });
  await page.goto(path);
  // React marks what it has taken over.
  await page.waitForFunction(() => Object.keys(document.documentElement).some((key) => key.startsWith('__react')));
  let bytes = 0;
  for (const body of bodies.values()) bytes += gzipSync(await body, { level: 9 }).byteLength;
  return { bytes, files: bodies.size };
}

test('sign-in and scheduler load less than 200 kB of script, compressed', async ({ page, session, context }) => {
  const login = await scriptBytes(page, '/login');
  expect(login.files).toBeGreaterThan(2);
  expect(login.bytes).toBeLessThan(MOST_SCRIPT_BYTES);
  await context.addCookies(session);
  const fresh = await context.newPage();
  const scheduler = await scriptBytes(fresh, '/data/scheduler');
  expect(scheduler.files).toBeGreaterThan(2);
  expect(scheduler.bytes).toBeLessThan(MOST_SCRIPT_BYTES);
});

/** An answer as it was sent: fetch would unpack it and hide that it was packed. */
function getRaw(url: string): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((done, fail) => {
    get(url, { headers: { 'accept-encoding': 'br' } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => done({ headers: response.headers, body: Buffer.concat(parts) }));
    }).on('error', fail);
  });
}

test('scripts are sent compressed and may be kept for ever; what a page shows may not', async ({ request }) => {
  // From the document as it is sent: the page itself drops these links once React has taken over.
  const document = await (await request.get('/login')).text();
  const paths = [...document.matchAll(/<link [^>]*?rel="modulepreload"[^>]*?href="([^"]+)"/g)].map((link) => link[1]!);
  expect(paths.length).toBeGreaterThan(2);
  // The largest: what is very small is sent as it is.
  const all = await Promise.all(paths.map((path) => request.get(path, { headers: { 'accept-encoding': 'identity' } })));
  const sizes = await Promise.all(all.map(async (answer) => (await answer.body()).length));
  const plain = all[sizes.indexOf(Math.max(...sizes))]!;
  const { headers, body } = await getRaw(plain.url());
  expect([headers['content-encoding'], headers.vary]).toEqual(['br', expect.stringContaining('Accept-Encoding')]);
  expect(headers['cache-control']).toContain('immutable');
  expect(brotliDecompressSync(body).toString('utf8')).toBe(await plain.text());
  // Named as a file is, but a page's data.
  const data = await request.get('/login.data');
  expect(data.status()).toBe(200);
  expect(data.headers()['cache-control'] ?? '').not.toContain('public');
});

for (const path of ['/login', '/data/scheduler', '/data/pipelines', '/data/runs', '/ops/outbox', '/settings/limits']) {
  test(`nothing jumps on ${path}`, async ({ page, session, context }) => {
    if (path !== '/login') await context.addCookies(session);
    await page.addInitScript(() => {
      const seen = window as unknown as { shift: number };
      seen.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
          if (!entry.hadRecentInput) seen.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const load = async () => {
      await page.goto(path);
      if (path !== '/login') await expect(page.getByText(/^Live, updated/)).toBeVisible();
      await page.evaluate(() => document.fonts.ready);
      return page.evaluate(() => (window as unknown as { shift: number }).shift);
    };
    // A run of the demo that ends just then brings a row of its own: what jumps by itself does so each time.
    const shifts = [await load()];
    while (shifts.length < 3 && Math.min(...shifts) >= MOST_SHIFT) shifts.push(await load());
    expect(Math.min(...shifts), `shifts of ${shifts.length} loads: ${shifts.join(', ')}`).toBeLessThan(MOST_SHIFT);
  });
}
