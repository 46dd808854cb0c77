import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { mayContinue, newPass } from './progress.ts';

const db = await testDatabase();

it.each([
  ['of a minute ago is continued', -60_000, true],
  ['of two hours ago is begun anew', -7_200_000, false],
  ['of a clock that was set back since is begun anew', 86_400_000, false],
])('a pass %s', async (_what, byMs, isContinued) => {
  const found = await transaction(db.worker, {}, async (tx) => {
    const pass = await newPass(tx, 1);
    const searchedAt = new Date(Date.parse(pass.searchedAt) + byMs).toISOString();
    return mayContinue(tx, { ...pass, searchedAt, isHandedOn: true });
  });
  expect(found).toBe(isContinued);
});
