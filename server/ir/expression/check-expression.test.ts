import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExpression } from './check-expression.ts';
import { HARMLESS, MARK, REFUSED } from './hostile.ts';
import { MAX_EXPRESSION_LENGTH } from './parse-expression.ts';

const names = { columns: ['a', 'b', 'A b', 'd', 'j', 'run'], params: ['p'] };

const firstProblem = async (text: string) => {
  const checked = await checkExpression(text, names);
  if (checked.ok) throw new Error(`accepted: ${text}`);
  return checked.problems[0];
};

describe('the hostile corpus', () => {
  it('holds at least 200 texts', () => {
    expect(Object.values(REFUSED).flat().length + HARMLESS.length).toBeGreaterThanOrEqual(300);
    expect(Object.values(REFUSED).flat().length).toBeGreaterThanOrEqual(200);
  });

  const refused = Object.entries(REFUSED).flatMap(([code, texts]) => texts.map((text) => ({ code, text })));
  it.each(refused)('refuses ($code) $text at its position', async ({ code, text }) => {
    const position = Math.max(0, text.indexOf(MARK));
    const problem = await firstProblem(text.replace(MARK, ''));
    expect(problem).toMatchObject({ code, position });
    expect(problem?.message.length).toBeGreaterThan(10);
  });

  it.each(HARMLESS.map((text) => ({ text })))('accepts $text', async ({ text }) => {
    expect(await checkExpression(text, names)).toMatchObject({ ok: true });
  });
});

describe('checkExpression', () => {
  it('returns the columns, run fields and parameters in the order they are first named', async () => {
    const checked = await checkExpression(`coalesce(b, "A b") || run.id || params.p || b || run.due_at::text`, names);
    expect(checked).toEqual({ ok: true, columns: ['b', 'A b'], runFields: ['id', 'due_at'], params: ['p'] });
  });

  it('reports every problem, not only the first', async () => {
    const checked = await checkExpression('nosuch + now() + params.q', names);
    expect(checked.ok).toBe(false);
    const codes = checked.ok ? [] : checked.problems.map(({ code, position }) => [code, position]);
    expect(codes).toEqual([
      ['unknown_column', 0],
      ['function_not_allowed', 9],
      ['unknown_parameter', 17],
    ]);
  });

  it('accepts any plain name, but no reserved one, while the columns are not known', async () => {
    const unknown = { columns: null, params: [] };
    expect(await checkExpression('whatever + 1', unknown)).toMatchObject({ ok: true, columns: ['whatever'] });
    expect(await checkExpression('_ms_key', unknown)).toMatchObject({ ok: false });
  });

  it('suggests the quoted name when only the case differs', async () => {
    const checked = await checkExpression('Name', { columns: ['Name'], params: [] });
    expect(checked.ok ? '' : checked.problems[0]?.message).toContain('"Name"');
  });

  it('says to use run.due_at where the clock is asked', async () => {
    for (const text of ['now()', 'current_timestamp', 'random()']) {
      expect((await firstProblem(text))?.message).toContain('run.due_at');
    }
  });

  it('refuses a zero byte and half a surrogate pair at their place', async () => {
    expect(await firstProblem('a\u0000) from pg_authid')).toMatchObject({ code: 'bad_text', position: 1 });
    expect(await firstProblem("'\u{1F600}\ud800'")).toMatchObject({ code: 'bad_text', position: 3 });
  });

  it('refuses texts beyond the length limit', async () => {
    expect(await firstProblem('a'.repeat(MAX_EXPRESSION_LENGTH + 1))).toMatchObject({ code: 'too_long' });
  });

  it.each([
    ['parentheses', `${'('.repeat(3_900)}a${')'.repeat(3_900)}`],
    ['signs', `${'- '.repeat(3_900)}a`],
    ['sums', `a${'+a'.repeat(3_900)}`],
    ['negations', `${'not '.repeat(1_900)}true`],
    ['cases', `${'case when a > 1 then '.repeat(300)}1${' end'.repeat(300)}`],
    ['casts', `a${'::int'.repeat(1_500)}`],
    ['tests', `a${' is null'.repeat(900)}`],
    ['calls', `${'abs('.repeat(1_500)}a${')'.repeat(1_500)}`],
  ])('refuses a bomb of nested %s and goes on working', async (_name, text) => {
    expect(await firstProblem(text)).toMatchObject({ code: 'too_deep' });
    expect(await checkExpression('a + 1', names)).toMatchObject({ ok: true });
  });

  it('accepts a long list of constants', async () => {
    const list = Array.from({ length: 1_500 }, (_, i) => i).join(',');
    expect(await checkExpression(`a in (${list})`, names)).toMatchObject({ ok: true });
  });

  it('gives an answer and never throws, whatever the text', async () => {
    const scraps = fc.constantFrom(
      "'",
      '"',
      '(',
      ')',
      ';',
      '--',
      '/*',
      '*/',
      '$$',
      'a',
      'b',
      ' ',
      '+',
      '::',
      'select',
      'é',
      '😀',
      '\\',
      '\n',
      ',',
      '.',
      'run',
      '1',
      '[',
      ']',
      'case',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(scraps, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const checked = await checkExpression(text, names);
        if (checked.ok) return;
        for (const { position } of checked.problems) {
          expect(position).toBeGreaterThanOrEqual(0);
          expect(position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
