import { describe, expect, it } from 'vitest';
import { type Look, lookFrom, lowestOf, NO_SIGHT, nextSight, type Sight } from './sight.ts';
import { newTurnNumbers, noteTurn } from './turn-numbers.ts';

const LOW_WATER = 100;
/** Where a claim begins that is done up to its cursor, once every transaction below `ended` has ended. */
const beginsAt = (sight: Sight, cursor: number, ended: bigint, turns?: ReadonlySet<bigint>) =>
  lowestOf(lookFrom({ lowWater: LOW_WATER, cursor, sight }, turns), (xid) => xid < ended);
const openOf = ({ open }: Look) => open.map(({ xid }) => xid);

describe('a claim that read up to a place by a snapshot before it had its number', () => {
  const first = nextSight(NO_SIGHT, { xid: 10n, place: 500, snapshot: '10:10:' });
  // Its snapshot knows of 11 only that it is open, and of 13 and 14 nothing; it is 15 itself.
  const second = nextSight(first, { xid: 15n, place: 900, snapshot: '11:13:11' });

  it('begins at its cursor while none of those has ended', () => {
    expect(beginsAt(second, 900, 0n)).toBe(900);
  });

  it('looks for each that may have been open then as far back as its own last mark, and for no other', () => {
    expect(openOf(lookFrom({ lowWater: LOW_WATER, cursor: 900, sight: second }))).toEqual([11n, 13n, 14n]);
    expect(beginsAt(second, 900, 12n)).toBe(500);
    // 12 had ended, and was seen; 15 and whoever comes later has places above the mark.
    expect(
      openOf(
        lookFrom({
          lowWater: LOW_WATER,
          cursor: 900,
          sight: nextSight(second, { xid: 20n, place: 1_300, snapshot: '20:20:' }),
        }),
      ),
    ).toEqual([]);
  });

  it('leaves out those that are known to be turns', () => {
    const turns = new Set([11n, 14n]);
    expect(openOf(lookFrom({ lowWater: LOW_WATER, cursor: 900, sight: second }, turns))).toEqual([13n]);
    expect(beginsAt(second, 900, 13n, turns)).toBe(900);
    expect(beginsAt(second, 900, 14n, turns)).toBe(500);
  });

  it('leaves its own number out where the snapshot came after it', () => {
    expect(nextSight(first, { xid: 12n, place: 900, snapshot: '11:14:11,12' }).open).toEqual([11n]);
  });

  it('looks back to its last mark for any when there are too many to list', () => {
    const busy = nextSight(first, { xid: 1_000n, place: 900, snapshot: '12:12:' });
    expect(lookFrom({ lowWater: LOW_WATER, cursor: 900, sight: busy })).toEqual({ newer: 500, open: [] });
  });
});

it('remembers the last turns, and forgets the oldest', () => {
  const { known } = newTurnNumbers();
  for (let xid = 1n; xid <= 250n; xid += 1n) noteTurn(known, xid);
  expect([...known].slice(0, 2)).toEqual([51n, 52n]);
  expect(known.size).toBe(200);
});
