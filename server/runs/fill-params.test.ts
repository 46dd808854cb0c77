import { expect, it } from 'vitest';
import { fillParams } from './fill-params.ts';

const document = {
  parameters: {
    region: { type: 'text' as const, default: 'north' },
    limit: { type: 'integer' as const, default: 10 },
  },
};

it('takes the default of a parameter that was not given', () => {
  expect(fillParams(document, { limit: 0 })).toEqual({ region: 'north', limit: 0 });
});

it('keeps a null that was given, instead of the default', () => {
  expect(fillParams(document, { region: null })).toEqual({ region: null, limit: 10 });
});
