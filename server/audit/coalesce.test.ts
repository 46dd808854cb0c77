import { describe, expect, it } from 'vitest';
import { createCoalescer, MAX_KEYS, WINDOW_MS } from './coalesce.ts';

type Entry = { log: string; key: string };
const make = () => createCoalescer<Entry>((log) => ({ log, key: 'others' }));

describe('refusals of one minute', () => {
  it('are written once for the same actor and action, and counted for the rest', () => {
    const refusals = make();
    const written = Array.from({ length: 1_000 }, () => refusals.take('a', 'x', { log: 'a', key: 'x' }, 0));
    expect(written.filter(Boolean)).toEqual([{ log: 'a', key: 'x' }]);
    expect(refusals.drain(WINDOW_MS - 1)).toEqual([]);
    expect(refusals.drain(WINDOW_MS)).toEqual([{ entry: { log: 'a', key: 'x' }, count: 999 }]);
    expect(refusals.drain(2 * WINDOW_MS)).toEqual([]);
  });

  it('cost a bounded number of rows however they vary, and none is lost from the counts', () => {
    const refusals = make();
    let rows = 0;
    for (let n = 0; n < 10_000; n += 1)
      if (refusals.take('a', `actor ${n}`, { log: 'a', key: `actor ${n}` }, 0)) rows += 1;
    expect(rows).toBe(MAX_KEYS + 1);
    const drained = refusals.drain(0, true);
    expect(drained).toEqual([{ entry: { log: 'a', key: 'others' }, count: 10_000 - rows }]);
  });

  it('of one tenant take nothing from what is told of another', () => {
    const refusals = make();
    for (let n = 0; n < 1_000; n += 1) refusals.take('a', `${n}`, { log: 'a', key: `${n}` }, 0);
    expect(refusals.take('b', 'x', { log: 'b', key: 'x' }, 0)).toEqual({ log: 'b', key: 'x' });
  });

  it('are told again in the next minute', () => {
    const refusals = make();
    expect(refusals.take('a', 'x', { log: 'a', key: 'x' }, 0)).not.toBeNull();
    expect(refusals.take('a', 'x', { log: 'a', key: 'x' }, WINDOW_MS)).not.toBeNull();
    expect(refusals.drain(WINDOW_MS)).toEqual([]);
  });
});
