import { describe, expect, it } from 'vitest';
import { createLookout, type Wakes } from './publisher-lookout.ts';

const LONG_MS = 600_000;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Looks that are answered by hand; `asked` has the lanes of each. */
function watched(gatherMs = 0) {
  const asked: string[][] = [];
  const answers: ((news: string[]) => void)[] = [];
  const look = (lanes: readonly string[]) => {
    asked.push([...lanes]);
    const { promise, resolve } = Promise.withResolvers<ReadonlySet<string>>();
    answers.push((news) => resolve(new Set(news)));
    return promise;
  };
  const numbers = ['one', 'two'];
  const lookout = createLookout<string>(look, (lane) => numbers.indexOf(lane), gatherMs);
  const waitFor = (lane: string, more: { seenWakes?: Wakes; restMs?: number; atMostMs?: number } = {}) =>
    lookout.untilNews(lane, { seenWakes: lookout.wakesOf(lane), restMs: 0, atMostMs: LONG_MS, ...more });
  return { asked, answers, lookout, waitFor };
}
const isPending = async (one: Promise<boolean>) =>
  (await Promise.race([one, settled().then(() => 'pending')])) === 'pending';

describe('lanes with nothing to do', () => {
  it('are looked at together, once for all wake-ups during the look before', async () => {
    const { asked, answers, lookout, waitFor } = watched();
    const [one, two] = [waitFor('one'), waitFor('two')];
    lookout.wake();
    expect(asked).toEqual([['one', 'two']]);
    for (let n = 0; n < 100; n += 1) lookout.wake();
    answers[0]?.([]);
    await expect.poll(() => asked.length).toBe(2);
    answers[1]?.(['two']);
    await expect(two).resolves.toBe(true);
    expect(await isPending(one)).toBe(true);
    expect(asked).toHaveLength(2);
    lookout.end();
    await expect(one).resolves.toBe(false);
  });

  it('are looked at once for the wake-ups of a while', async () => {
    const { asked, answers, lookout, waitFor } = watched(LONG_MS);
    const one = waitFor('one');
    lookout.wake();
    answers[0]?.([]);
    await settled();
    for (let n = 0; n < 100; n += 1) lookout.wake();
    await settled();
    expect(asked).toHaveLength(1);
    lookout.end();
    await one;
  });

  it('are looked at again when a wake-up came during the look', async () => {
    const { asked, answers, lookout, waitFor } = watched();
    const one = waitFor('one');
    lookout.wake();
    lookout.wake();
    expect(asked).toHaveLength(1);
    answers[0]?.([]);
    await expect.poll(() => asked.length).toBe(2);
    answers[1]?.(['one']);
    await expect(one).resolves.toBe(true);
  });

  it('are looked at at once after a wake-up that came during their last claim', async () => {
    const { asked, lookout, waitFor } = watched();
    const seenWakes = lookout.wakesOf('one');
    lookout.wake();
    const one = waitFor('one', { seenWakes });
    expect(asked).toEqual([['one']]);
    lookout.end();
    await one;
  });

  it('go on by themselves when their time has come, when they are released and after the end', async () => {
    const { asked, lookout, waitFor } = watched();
    await expect(waitFor('one', { atMostMs: 1 })).resolves.toBe(false);
    const released = waitFor('one');
    lookout.release('one');
    await expect(released).resolves.toBe(false);
    lookout.wake();
    expect(asked).toEqual([]);
    lookout.end();
    await expect(waitFor('one')).resolves.toBe(false);
  });

  it('are left in peace for a while after a claim for nothing, others not', async () => {
    const { asked, answers, lookout, waitFor } = watched();
    const [resting, other] = [waitFor('resting', { restMs: LONG_MS }), waitFor('other')];
    lookout.wake();
    expect(asked).toEqual([['other']]);
    answers[0]?.(['other']);
    await expect(other).resolves.toBe(true);
    expect(await isPending(resting)).toBe(true);
    const short = waitFor('short', { restMs: 1 });
    lookout.wake();
    await expect.poll(() => asked).toEqual([['other'], ['short']]);
    answers[1]?.(['short']);
    await expect(short).resolves.toBe(true);
    lookout.end();
    await resting;
  });

  it('that have left and wait again are not let go by the look before', async () => {
    const { answers, lookout, waitFor } = watched();
    const before = waitFor('one');
    lookout.wake();
    lookout.release('one');
    await before;
    const again = waitFor('one');
    answers[0]?.(['one']);
    await settled();
    expect(await isPending(again)).toBe(true);
    lookout.end();
    await again;
  });

  it('go on at once by a wake-up that names them, without a look, and others wait on', async () => {
    const { asked, lookout, waitFor } = watched();
    const [one, two] = [waitFor('one'), waitFor('two')];
    lookout.wake([0]);
    await expect(one).resolves.toBe(true);
    expect(await isPending(two)).toBe(true);
    expect(asked).toEqual([]);
    lookout.end();
    await two;
  });

  it('go on by one that named them while they were at work, and no more often than once in a while', async () => {
    const { lookout, waitFor } = watched(LONG_MS);
    const seenWakes = lookout.wakesOf('one');
    expect(lookout.hasWoken('one', seenWakes)).toBe(false);
    lookout.wake([0]);
    expect(lookout.hasWoken('one', seenWakes)).toBe(true);
    expect(lookout.hasWoken('two', lookout.wakesOf('two'))).toBe(false);
    await expect(waitFor('one', { seenWakes })).resolves.toBe(true);
    const again = waitFor('one');
    lookout.wake([0]);
    expect(await isPending(again)).toBe(true);
    const short = watched(1);
    for (let n = 0; n < 3; n += 1) {
      const named = short.waitFor('one');
      short.lookout.wake([0]);
      await expect(named).resolves.toBe(true);
    }
    lookout.end();
    await again;
  });

  it('that are named rest after a claim for nothing all the same', async () => {
    const { lookout, waitFor } = watched();
    const resting = waitFor('one', { restMs: LONG_MS });
    lookout.wake([0]);
    expect(await isPending(resting)).toBe(true);
    lookout.end();
    await resting;
  });

  it('that are named go on while another is looked at', async () => {
    const { asked, lookout, waitFor } = watched();
    const two = waitFor('two');
    lookout.wake();
    expect(asked).toEqual([['two']]);
    const one = waitFor('one');
    lookout.wake([0]);
    await expect(one).resolves.toBe(true);
    lookout.end();
    await two;
  });
});
