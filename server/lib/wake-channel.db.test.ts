import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, createWakeChannel, type WakeChannel } from './index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const CHANNEL = 'mainspring_wake_test';
const COALESCE_MS = 200;
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** As each process has it: one channel that tells and hears, and what it was told of. */
async function processOn(
  coalesceMs = COALESCE_MS,
): Promise<{ channel: WakeChannel; heard: (readonly number[] | undefined)[] }> {
  const channel = createWakeChannel({ channel: CHANNEL, coalesceMs });
  const heard: (readonly number[] | undefined)[] = [];
  stops.push(channel.onWake((places) => heard.push(places)));
  const listener = channel.listen(db.workerUrl, log);
  stops.push(() => listener.stop());
  channel.notifyThrough({ pool: db.app, log });
  stops.push(() => channel.notifyThrough(null));
  // A listener that begins, or begins again, cannot know what it missed: it tells of it.
  await expect.poll(() => heard.length, { timeout: 15_000 }).toBe(1);
  heard.length = 0;
  return { channel, heard };
}

/** Every NOTIFY on the channel, as the server hands it to anybody. */
const notifies: string[] = [];
const ear = await db.owner.listen(CHANNEL, (payload) => notifies.push(payload));
afterAll(() => ear.unlisten());

describe('createWakeChannel', () => {
  it('tells its own process at once, and others once for many', async () => {
    const [one, other] = [await processOn(), await processOn()];
    notifies.length = 0;
    for (let i = 0; i < 50; i += 1) one.channel.wake();
    expect(one.heard).toHaveLength(50);
    await expect.poll(() => other.heard, { timeout: 15_000 }).toEqual([undefined]);
    await sleep(2 * COALESCE_MS);
    expect(other.heard).toEqual([undefined]);
    expect(notifies).toHaveLength(1);
  });

  it('does not hear its own NOTIFY again', async () => {
    const [one, other] = [await processOn(), await processOn()];
    one.channel.wake([3]);
    expect(one.heard).toEqual([[3]]);
    await expect.poll(() => other.heard, { timeout: 15_000 }).toEqual([[3]]);
    await sleep(100);
    expect(one.heard).toEqual([[3]]);
  });

  it('names every place that was told since, and none when one is not known', async () => {
    const [one, other] = [await processOn(), await processOn()];
    one.channel.wake([1]);
    await expect.poll(() => other.heard, { timeout: 15_000 }).toEqual([[1]]);
    for (const places of [[2], [5, 2], [0]]) one.channel.wake(places);
    await expect.poll(() => other.heard.length, { timeout: 15_000 }).toBe(2);
    expect([...(other.heard[1] ?? [])].sort()).toEqual([0, 2, 5]);
    one.channel.wake([2]);
    one.channel.wake();
    one.channel.wake([4]);
    await expect.poll(() => other.heard.length, { timeout: 15_000 }).toBe(3);
    expect(other.heard[2]).toBeUndefined();
  });

  it('sends the first NOTIFY at once and the next no sooner than it gathers', async () => {
    const one = await processOn(5_000);
    notifies.length = 0;
    one.channel.wake([1]);
    await expect.poll(() => notifies.length, { timeout: 2_500 }).toBe(1);
    one.channel.wake([2]);
    await sleep(1_000);
    expect(notifies).toHaveLength(1);
    await expect.poll(() => notifies.length, { timeout: 15_000 }).toBe(2);
  });

  it('wakes its listeners after the connection was cut, for what it may have missed, and hears again', async () => {
    const [one, other] = [await processOn(), await processOn()];
    const cut = await db.owner`select pg_terminate_backend(pid) as is_cut from pg_stat_activity
      where datname = current_database() and application_name = 'mainspring-listen'`;
    expect(cut.map((row) => row.is_cut)).toEqual([true, true]);
    await expect.poll(() => [one.heard.length, other.heard.length], { timeout: 15_000 }).toEqual([1, 1]);
    one.channel.wake([7]);
    await expect.poll(() => other.heard, { timeout: 15_000 }).toEqual([undefined, [7]]);
  });
});
