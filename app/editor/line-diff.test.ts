import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiffLine, diffLines, foldUnchanged } from './line-diff.ts';

const marks = { same: ' ', removed: '-', added: '+' };
const shown = (lines: DiffLine[]) => lines.map(({ kind, text }) => marks[kind] + text);
const side = (lines: DiffLine[], without: DiffLine['kind']) =>
  lines.filter(({ kind }) => kind !== without).map(({ text }) => text);

describe('the difference of two texts', () => {
  it('keeps what both have and marks the rest', () => {
    expect(shown(diffLines('a\nb\nc\nd', 'a\nx\nc\nd\ne'))).toEqual([' a', '-b', '+x', ' c', ' d', '+e']);
  });
  it('numbers the lines of each side', () => {
    expect(diffLines('a\nb', 'b').map(({ before, after }) => [before, after])).toEqual([
      [1, null],
      [2, 1],
    ]);
  });
  it('gives back both texts, whatever they are, and no more changes than needed for one edit', () => {
    const line = fc.constantFrom('a', 'b', 'c', '');
    const text = fc.array(line, { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before.join('\n'), after.join('\n'));
        expect(side(lines, 'added')).toEqual(before);
        expect(side(lines, 'removed')).toEqual(after);
      }),
      { seed: 4, numRuns: 500 },
    );
    fc.assert(
      fc.property(text, fc.nat(24), (before: string[], at) => {
        const after = before.toSpliced(Math.min(at, before.length), 0, 'new line');
        const lines = diffLines(before.join('\n'), after.join('\n'));
        expect(lines.filter(({ kind }) => kind !== 'same')).toHaveLength(1);
      }),
      { seed: 4, numRuns: 200 },
    );
  });
  it('leaves out what is far from every change', () => {
    const before = Array.from({ length: 50 }, (_, n) => `line ${n}`);
    const parts = foldUnchanged(diffLines(before.join('\n'), before.with(25, 'changed').join('\n')), 2);
    expect(parts.map((part) => (part.kind === 'skipped' ? part.count : shown(part.lines)))).toEqual([
      23,
      [' line 23', ' line 24', '-line 25', '+changed', ' line 26', ' line 27'],
      22,
    ]);
    expect(foldUnchanged(diffLines('a\nb', 'a\nb'))).toEqual([{ kind: 'skipped', count: 2 }]);
  });
  it('says of texts that share almost nothing that one replaces the other', () => {
    const many = (word: string) => Array.from({ length: 5_000 }, (_, n) => `${word} ${n}`).join('\n');
    const lines = diffLines(many('before'), many('after'));
    expect(lines).toHaveLength(10_000);
    expect(lines.filter(({ kind }) => kind === 'removed')).toHaveLength(5_000);
  });
});
