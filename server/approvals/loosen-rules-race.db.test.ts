// What happens when rules are loosened, tightened and decided at the same moment.
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { approve, openGoverned } from '#server/pipelines/testing/index.ts';
import { rejectRequest, withdrawRequest } from './decide.ts';
import { getSettings } from './settings.ts';

const db = await testDatabase();
const ROUNDS = 30;
const codes = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []));

it('of an approval, a rejection, a withdrawal and a tightening at once one wins, and the rules are what it made of them', async () => {
  const house = await openGoverned(db, 'rules-race');
  const [one, two] = [await house.person('one'), await house.person('two')];
  const ends = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { version, expiryHours } = await getSettings(house.ada.ctx);
    const asked = await house.set({ version, expiryHours: expiryHours + 1 });
    const { id } = asked.changeRequest!;
    const moves = [
      () => approve(one, id),
      () => rejectRequest(two.ctx, { id, reason: 'no' }),
      () => withdrawRequest(house.ada.ctx, { id, reason: '' }),
      () => house.set({ version, expiryHours: expiryHours - 1 }),
    ];
    const results = await Promise.allSettled(moves.map((_, at) => moves[(at + round) % moves.length]!()));
    for (const code of codes(results)) expect(code).toMatch(/^APPROVAL_(CLOSED|STALE|SETTINGS_STALE)$/);
    const state = await house.stateOf(id);
    ends.add(state);
    const now = await getSettings(house.ada.ctx);
    const tightened = results.some((result) => result.status === 'fulfilled' && isSet(result.value));
    expect(now.version).toBe(version + (state === 'applied' || tightened ? 1 : 0));
    expect(now.expiryHours).toBe(expiryHours + (state === 'applied' ? 1 : tightened ? -1 : 0));
    expect(state === 'applied' && tightened).toBe(false);
    expect(now.waitingId).toBeNull();
  }
  expect(ends.size).toBeGreaterThan(1);
});
const isSet = (value: unknown) => (value as { state?: string }).state === 'set';

it('the same looser rules asked for by many at once are one request, and two who approve it change them once', async () => {
  const house = await openGoverned(db, 'rules-many');
  const [one, two] = [await house.person('one'), await house.person('two')];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { version, expiryHours } = await getSettings(house.ada.ctx);
    const asked = await Promise.all([1, 2, 3, 4].map(() => house.set({ version, expiryHours: expiryHours + 1 })));
    const ids = new Set(asked.map(({ changeRequest }) => changeRequest!.id));
    expect([ids.size, asked.filter(({ changeRequest }) => changeRequest!.isNew).length]).toEqual([1, 1]);
    const [id] = [...ids];
    const results = await Promise.allSettled([approve(one, id!), approve(two, id!)]);
    expect(codes(results)).toEqual(['APPROVAL_CLOSED']);
    expect(await getSettings(house.ada.ctx)).toMatchObject({ version: version + 1, expiryHours: expiryHours + 1 });
  }
});

it('what is published while looser rules are approved either waited for approval or came after them', async () => {
  const house = await openGoverned(db, 'rules-publish');
  const one = await house.person('one');
  for (let round = 0; round < 10; round += 1) {
    const { version } = await getSettings(house.ada.ctx);
    const made = await createPipeline(house.ada.ctx, { document: house.described(`p${round}`, 'first') });
    const { changeRequest } = await house.set({ version, selectors: [], stages: [] });
    const [published] = await Promise.all([publishVersion(house.ada.ctx, made), approve(one, changeRequest!.id)]);
    expect(await house.liveOf(made.id)).toBe(published.state === 'live' ? 1 : null);
    await house.set({ version: version + 1 });
  }
});

it('a process that dies between the vote and the rules leaves neither', async () => {
  const house = await openGoverned(db, 'rules-killed');
  const one = await house.person('one');
  const { changeRequest } = await house.set({ version: 1, selectors: [], stages: [] });
  const { id } = changeRequest!;
  // The write of the rules fails as a lost connection would: after the vote, in its transaction.
  await db.owner.unsafe(`create function rules_die() returns trigger language plpgsql as $$ begin
    if new.tenant_id = '${house.tenant.id}' then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$;
    grant execute on function pg_terminate_backend to public;
    create trigger rules_die before update on approval_settings for each row execute function rules_die()`);
  try {
    await expect(approve(one, id)).rejects.toThrow();
  } finally {
    await db.owner.unsafe('drop trigger rules_die on approval_settings; drop function rules_die()');
  }
  expect([await house.votesOf(id), await house.stateOf(id)]).toEqual([0, 'open']);
  expect(await getSettings(house.ada.ctx)).toMatchObject({ version: 1, selectors: ['env:prod'] });
  expect(await approve(one, id)).toMatchObject({ state: 'applied' });
});
