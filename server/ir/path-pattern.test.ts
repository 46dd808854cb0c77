import { matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pathPatternProblem } from './path-pattern.ts';

describe('pathPatternProblem', () => {
  it.each([
    'a.csv',
    'flights/*.csv',
    '**/*_*.csv',
    'in/2026-0[1-9]-??/[^a]*.{csv,txt}',
    `${'d/'.repeat(31)}x`,
    `{${Array(32).fill('a').join(',')}}`,
  ])('lets %s through', (pattern) => expect(pathPatternProblem(pattern)).toBeNull());

  it.each([
    ['+(a|aa)b', 'contains "("'],
    ['@(a', 'contains "("'],
    ['!(a)', 'contains "'],
    ['!a', 'contains "!"'],
    ['a\\*', 'contains "\\\\"'],
    ['a\0', 'contains'],
    ['{1..100000}', 'without a choice'],
    ['{a,1..9}', 'range'],
    ['{a,b/c}', 'slash'],
    ['{a,b}{c,d}', 'one pair'],
    ['{a,{b,c}}', 'one pair'],
    ['{a,b', 'one pair'],
    ['a}', 'one pair'],
    ['{a}', 'without a choice'],
    [`{${Array(33).fill('a').join(',')}}`, '33 choices'],
    ['*/*/*/*/*/*/*/*/*', '9 stars'],
    ['a*a*a*b', 'between two slashes'],
    [`${'d/'.repeat(32)}x`, '33 folders'],
    ['/a', 'below the tenant'],
    ['a/../../b', 'below the tenant'],
    ['{.,a}./b', 'below the tenant'],
    ['{,a}/b', 'below the tenant'],
  ])('refuses %s', (pattern, why) => expect(pathPatternProblem(pattern)).toContain(why));

  it('leaves no pattern that takes long on the longest name a file can have', () => {
    const pattern = '*a*b';
    expect(pathPatternProblem(pattern)).toBeNull();
    const startedAt = performance.now();
    expect(matchesGlob('a'.repeat(255), pattern)).toBe(false);
    // Five stars take minutes; the bound is wide because a busy machine is slow.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
