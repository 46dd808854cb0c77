import { expect, it } from 'vitest';
import { FailedInput } from './schemas.ts';

const ID = '01a2d208-1f79-7000-8000-000000000001';

it.each([
  ['a slip of the pen for dryRun', { ids: [ID], dryrun: true }],
  ['a slip of the pen in the filter', { filter: { keyy: 'k' } }],
  ['a status, which is failed anyway', { filter: { status: 'pending' } }],
  ['both ids and filter', { ids: [ID], filter: {} }],
  ['neither', {}],
])('requeues and discards nothing when it is given %s', (_, input) => {
  expect(FailedInput.safeParse(input).success).toBe(false);
});

it.each([{ ids: [ID] }, { filter: {} }, { filter: { key: 'k', type: 't', search: 's' }, dryRun: true }])(
  'takes %j',
  (input) => {
    expect(FailedInput.parse(input)).toEqual({ dryRun: false, ...input });
  },
);
