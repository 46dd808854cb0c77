import { describe, expect, it } from 'vitest';
import { quoteIdent, quoteLiteral, quoteQualified } from './quote.ts';

describe('quoting', () => {
  it('doubles the quotes of identifiers and literals', () => {
    expect(quoteIdent('a"b')).toBe('"a""b"');
    expect(quoteQualified('s', 't"')).toBe('"s"."t"""');
    expect(quoteLiteral("it's")).toBe("'it''s'");
  });

  it('writes a backslash so that it means the same under every setting', () => {
    expect(quoteLiteral("\\'")).toBe("E'\\\\'''");
  });

  it.each(['\u0000', 'a\u0000b', '\ud800', 'x\udfff'])('refuses %j, which PostgreSQL cannot store', (text) => {
    expect(() => quoteIdent(text)).toThrow(TypeError);
    expect(() => quoteLiteral(text)).toThrow(TypeError);
  });
});
