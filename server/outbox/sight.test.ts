import { describe, expect, it } from 'vitest';
import { lookFrom, lowestOf, NO_SIGHT, nextSight, type Sight } from './sight.ts';
import { noteTurn } from './turn-numbers.ts';

const LOW_WATER = 100;
const lookAt = (sight: Sight, cursor: number, turns: ReadonlySet<bigint> = new Set()) =>
  lookFrom({ lowWater: LOW_WATER, cursor, sight }, turns);
/** Where a claim begins that is done up to its cursor, once every transaction below `ended` has ended. */
const beginsAt = (sight: Sight, cursor: number, ended: bigint, turns: ReadonlySet<bigint> = new Set()) =>
  lowestOf(lookAt(sight, cursor, turns), (xid) => xid < ended);

describe('a claim that read up to a place by a snapshot before it had its number', () => {
  const first = nextSight(NO_SIGHT, { xid: 10n, place: 500, snapshot: '10:10:' });
  // Its snapshot knows of 11 only that it is open, and of 13 and 14 nothing; it is 15 itself.
  const second = nextSight(first, { xid: 15n, place: 900, snapshot: '11:13:11' });

  it('begins at its cursor while none of those has ended', () => {
    expect(beginsAt(second, 900, 0n)).toBe(900);
  });

  it('looks for each that may have been open then as far back as its own last mark, and for no other', () => {
    expect(lookAt(second, 900).open.map(({ xid }) => xid)).toEqual([11n, 13n, 14n]);
    expect(beginsAt(second, 900, 12n)).toBe(500);
  });

  it('keeps the marks of those that are open still', () => {
    const third = nextSight(second, { xid: 20n, place: 1_300, snapshot: '14:18:14,16' });
    expect(lookAt(third, 1_300)).toEqual({
      newer: 1_300,
      open: [
        ...[
          { xid: 14n, place: 500 },
          { xid: 16n, place: 900 },
        ],
        ...[
          { xid: 18n, place: 900 },
          { xid: 19n, place: 900 },
        ],
      ],
    });
  });

  it('leaves out those that are known to be turns', () => {
    const turns = new Set([11n, 14n]);
    expect(lookAt(second, 900, turns).open.map(({ xid }) => xid)).toEqual([13n]);
    expect(beginsAt(second, 900, 13n, turns)).toBe(900);
    expect(beginsAt(second, 900, 14n, turns)).toBe(500);
  });

  it('looks back to its last mark for any when there are too many to list', () => {
    const busy = nextSight(first, { xid: 1_000n, place: 900, snapshot: '12:12:' });
    expect(lookAt(busy, 900)).toEqual({ newer: 500, open: [] });
  });
});

it('remembers the last turns, and forgets the oldest', () => {
  const turns = new Set<bigint>();
  for (let xid = 1n; xid <= 250n; xid += 1n) noteTurn(turns, xid);
  expect([...turns].slice(0, 2)).toEqual([51n, 52n]);
  expect(turns.size).toBe(200);
});
