import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Pool } from '#db/client.ts';
import { createFresh } from './fresh.ts';

const FRESH_MS = 200;
const pool = {} as Pool;
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers that are given by hand. */
function questions() {
  const fresh = createFresh<string>(FRESH_MS);
  const asked: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];
  const get = (key = 'acme') =>
    fresh.get(pool, key, () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      asked.push({ resolve, reject });
      return promise;
    });
  return { fresh, asked, get };
}

it('shares an answer that is under way with everybody, however long it takes', async () => {
  const { asked, get } = questions();
  const waiting = [get()];
  for (let n = 0; n < 8; n += 1) {
    vi.advanceTimersByTime(FRESH_MS);
    waiting.push(get());
  }
  expect(asked).toHaveLength(1);
  asked[0]?.resolve('first');
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['first']));
});

it('keeps an answer for its time from when it came', async () => {
  const { asked, get } = questions();
  const first = get();
  vi.advanceTimersByTime(10 * FRESH_MS);
  asked[0]?.resolve('first');
  await first;
  await settled();
  vi.advanceTimersByTime(FRESH_MS - 1);
  await expect(get()).resolves.toBe('first');
  vi.advanceTimersByTime(1);
  const second = get();
  expect(asked).toHaveLength(2);
  asked[1]?.resolve('second');
  await expect(second).resolves.toBe('second');
});

it('keeps no failure', async () => {
  const { asked, get } = questions();
  const both = [get(), get()];
  asked[0]?.reject(new Error('away'));
  for (const { status } of await Promise.allSettled(both)) expect(status).toBe('rejected');
  const again = get();
  asked[1]?.resolve('back');
  await expect(again).resolves.toBe('back');
});

it('asks anew for what was forgotten while it was under way, and keeps the newer answer', async () => {
  const { fresh, asked, get } = questions();
  const [old, other] = [get('acme 15'), get('blue 15')];
  fresh.forget(pool, 'acme');
  const after = get('acme 15');
  expect(asked).toHaveLength(3);
  asked[2]?.resolve('after');
  await after;
  asked[0]?.reject(new Error('late'));
  await expect(old).rejects.toThrow('late');
  await expect(get('acme 15')).resolves.toBe('after');
  asked[1]?.resolve('other');
  await expect(other).resolves.toBe('other');
});
