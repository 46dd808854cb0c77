import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_JSON_DEPTH, refuseDeepJson } from './json-depth.ts';

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const isTaken = (text: string) => {
  try {
    refuseDeepJson(text);
    return true;
  } catch {
    return false;
  }
};
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('the depth of a body', () => {
  it('is taken up to the limit and refused above it, in lists and in objects', () => {
    expect(isTaken(nested(MAX_JSON_DEPTH))).toBe(true);
    expect(isTaken(nested(MAX_JSON_DEPTH + 1))).toBe(false);
    expect(isTaken(nested(MAX_JSON_DEPTH + 1, '{"a":', '}'))).toBe(false);
    expect(isTaken('['.repeat(1_000_000))).toBe(false);
  });

  it('does not count what is written in texts', () => {
    expect(isTaken(JSON.stringify({ a: '['.repeat(500), '{{{{"\\': '"[[\\"' }))).toBe(true);
    expect(isTaken(`["${'\\"['.repeat(200)}"]`)).toBe(true);
  });

  it('is that of the value, for any JSON there is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 90 }), (text) => {
        expect(isTaken(text)).toBe(depthOf(JSON.parse(text)) <= MAX_JSON_DEPTH);
      }),
    );
  });
});
