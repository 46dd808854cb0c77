import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeTurns, type TurnLimits } from './in-turn.ts';

/** Work that ends when it is told to, and a list of what began. */
function openWork(limits: Partial<TurnLimits> = {}) {
  const inTurn = makeTurns({ atOnce: 2, mostWaiting: 2, doing: 'it is being done', ...limits });
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const start = (tenantId: string, name: string, signal?: AbortSignal) =>
    inTurn(tenantId, signal, () => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => {
        ends.set(name, (error) => (error ? reject(error) : resolve()));
      });
    });
  return { begun, start, end: (name: string, error?: Error) => ends.get(name)?.(error) };
}

it('does two things at once and one of a tenant, in the order of asking', async () => {
  const { begun, start, end } = openWork();
  const all = [start('a', 'a1'), start('a', 'a2'), start('b', 'b1'), start('c', 'c1')];
  await turn();
  expect(begun).toEqual(['a1', 'b1']);
  const failed = expect(all[0]).rejects.toThrow('broken');
  end('a1', new Error('broken'));
  await turn();
  expect(begun).toEqual(['a1', 'b1', 'a2']);
  end('b1');
  await turn();
  expect(begun).toEqual(['a1', 'b1', 'a2', 'c1']);
  for (const name of ['a2', 'c1']) end(name);
  await failed;
  await Promise.all(all.slice(1));
});

it('refuses what would wait behind others of its tenant, and forgets what gave up waiting', async () => {
  const { begun, start, end } = openWork();
  const stop = new AbortController();
  const [first, second, third] = [start('a', 'a1'), start('a', 'a2', stop.signal), start('a', 'a3')];
  await expect(start('a', 'a4')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    message: 'it is being done, and 2 more wait for that; try again in a minute',
  });
  const left = expect(second).rejects.toThrow('gone');
  stop.abort(new Error('gone'));
  await left;
  const last = start('a', 'a5');
  for (const name of ['a1', 'a3', 'a5']) {
    end(name);
    await turn();
  }
  await Promise.all([first, third, last]);
  expect(begun).toEqual(['a1', 'a3', 'a5']);
});

it('refuses what has waited too long, says nothing of others, and begins those behind it', async () => {
  const { begun, start, end } = openWork({ atOnce: 1, longestWaitMs: 20 });
  const first = start('a', 'a1');
  await expect(start('b', 'b1')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    message: 'its turn did not come within 0.02 s; try again in a minute',
  });
  end('a1');
  await first;
  const next = start('c', 'c1');
  await turn();
  end('c1');
  await next;
  expect(begun).toEqual(['a1', 'c1']);
});
