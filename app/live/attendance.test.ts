import { expect, it } from 'vitest';
import { UNATTENDED_HEADER, watchAttendance } from './attendance.ts';

const BASE = 'http://mainspring.test';

/** A page whose requests are only written down. */
function openPage() {
  const events = new EventTarget();
  const asked: Request[] = [];
  const fetched = async (input: RequestInfo | URL, init?: RequestInit) => {
    asked.push(new Request(input instanceof Request ? input : new URL(input, BASE), init));
    return new Response();
  };
  const page = Object.assign(events, { fetch: fetched, location: { href: `${BASE}/data/runs` } });
  let atMs = 0;
  const stop = watchAttendance(page as unknown as Window, () => atMs);
  return {
    stop,
    wait: (ms: number) => {
      atMs += ms;
    },
    touch: (sign: string) => events.dispatchEvent(new Event(sign)),
    isMarked: async (path: string, init?: RequestInit) => {
      await page.fetch(path, init);
      return asked.at(-1)?.headers.has(UNATTENDED_HEADER);
    },
  };
}

it('a page says of its data requests that nobody is there once nobody has touched it for a minute', async () => {
  const page = openPage();
  expect(await page.isMarked('/data/runs.data')).toBe(false);
  page.wait(60_000);
  expect(await page.isMarked('/data/runs.data')).toBe(true);
  page.touch('keydown');
  expect(await page.isMarked('/data/runs.data')).toBe(false);
  page.wait(59_000);
  expect(await page.isMarked('/data/runs.data')).toBe(false);
  page.wait(1_000);
  expect(await page.isMarked('/data/runs.data')).toBe(true);
  page.stop();
  expect(await page.isMarked('/data/runs.data')).toBe(false);
});

it('only data requests are marked: what a form sends and what else is asked stays as it is', async () => {
  const page = openPage();
  page.wait(3_600_000);
  expect(await page.isMarked('/data/runs.data', { method: 'POST', body: 'a=b' })).toBe(false);
  expect(await page.isMarked('/api/v1/validate')).toBe(false);
  expect(await page.isMarked('/data/runs.data?_routes=x', { headers: { 'x-other': '1' } })).toBe(true);
});
