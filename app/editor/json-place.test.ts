import { describe, expect, it } from 'vitest';
import { placeOf } from './json-place.ts';

const text = `{
  "metadata": { "name": "x", "a/b": { "c~d": true } },
  "nodes": [
    { "id": "src", "config": { "where": "a \\"q\\" > b" } },
    { "id": "tgt", "inputs": ["src", "nope"] }
  ]
}`;
const at = (pointer: string, position?: number) => {
  const { from, to } = placeOf(text, pointer, position);
  return text.slice(from, to);
};

describe('the place of a JSON pointer', () => {
  it('is the whole of a scalar', () => {
    expect(at('/metadata/name')).toBe('"x"');
    expect(at('/nodes/1/inputs/1')).toBe('"nope"');
  });
  it('is the name of an object or array, or its first bracket where it has none', () => {
    expect(at('/nodes')).toBe('"nodes"');
    expect(at('/nodes/1')).toBe('{');
    expect(placeOf(text, '')).toEqual({ from: 0, to: 1 });
  });
  it('reads escaped parts', () => {
    expect(at('/metadata/a~1b/c~0d')).toBe('true');
  });
  it('is the nearest ancestor of what is missing', () => {
    expect(at('/nodes/0/config/columns/2/name')).toBe('"config"');
    expect(at('/nodes/7/id')).toBe('"nodes"');
    expect(at('/nothing')).toBe('{');
  });
  it('begins inside a string where the problem says so, also behind escapes', () => {
    expect(at('/nodes/0/config/where', 0)).toBe('a \\"q\\" > b');
    expect(at('/nodes/0/config/where', 8)).toBe('b');
    expect(at('/nodes/0/config/where', 400)).toBe('"a \\"q\\" > b"');
  });
  it.each(['', '   ', '{', '{"a"', '{"a":', '[1,', 'nonsense', '{"a": "cut'])(
    'is inside %j, however broken',
    (broken) => {
      for (const pointer of ['', '/a', '/a/0', '/0']) {
        const { from, to } = placeOf(broken, pointer, 3);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThanOrEqual(from);
        expect(to).toBeLessThanOrEqual(broken.length);
      }
    },
  );
});
