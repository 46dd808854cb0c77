import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formsInBase64 } from './in-base64.ts';

it('a text is found in base64 whatever stands before and after it', () => {
  const text = fc.string({ minLength: 8 });
  fc.assert(
    fc.property(
      fc.string(),
      text,
      fc.string(),
      fc.constantFrom('base64', 'base64url'),
      (before, secret, after, way) => {
        const encoded = Buffer.from(`${before}${secret}${after}`).toString(way);
        expect(formsInBase64(secret).some((form) => encoded.includes(form))).toBe(true);
      },
    ),
  );
});

it('another text is not', () => {
  const encoded = Buffer.from('user:another secret altogether').toString('base64');
  expect(formsInBase64('the secret').some((form) => encoded.includes(form))).toBe(false);
});
