import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { withTransaction } from '#server/lib/index.ts';
import { publishVersion } from '#server/pipelines/index.ts';
import { approve, openGoverned, type Person, refusal } from '#server/pipelines/testing/index.ts';
import { approvalsOf } from './applied-of.ts';
import { getRequest } from './get-request.ts';
import type { Policy } from './policy.ts';

const db = await testDatabase();
const BOTH: Policy['stages'][number] = { name: 'Both', approvers: 2, roles: ['admin', 'operator'] };

describe('stages', () => {
  it('decide in their order, each with as many people as it needs, and nobody serves in two', async () => {
    const stages = [
      { name: 'Review', approvers: 2, roles: ['admin' as const, 'operator' as const] },
      { name: 'Release', approvers: 1, roles: ['admin' as const] },
    ];
    const gamma = await openGoverned(db, 'gamma', { stages });
    const [one, two, three] = [
      await gamma.person('one'),
      await gamma.person('two', 'operator'),
      await gamma.person('three'),
    ];
    const { pipelineId, id } = await gamma.request('staged');
    expect(await approve(one, id)).toMatchObject({ state: 'open' });
    await expect(approve(one, id)).rejects.toMatchObject(refusal('APPROVAL_VOTED', '"Review"'));
    expect(await approve(two, id)).toMatchObject({ state: 'open' });
    await expect(approve(two, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS', '"Release"'));
    await expect(approve(one, id)).rejects.toMatchObject(refusal('APPROVAL_VOTED', 'another stage'));
    expect(await gamma.liveOf(pipelineId)).toBe(1);
    expect(await approve(three, id)).toMatchObject({ state: 'applied' });
    expect((await getRequest(one.ctx, { id })).stages).toMatchObject([
      { name: 'Review', approved: 2, votes: [{ voter: one.email }, { voter: two.email }] },
      { name: 'Release', approved: 1, votes: [{ voter: three.email }] },
    ]);
  });

  it('may be served by one person where the rules say so', async () => {
    const stages = ['One', 'Two'].map((name) => ({ name, approvers: 1, roles: ['admin' as const] }));
    const delta = await openGoverned(db, 'delta', { stages, allowSamePerson: true });
    const one = await delta.person('one');
    const { id } = await delta.request('staged');
    expect(await approve(one, id)).toMatchObject({ state: 'open' });
    expect(await approve(one, id)).toMatchObject({ state: 'applied' });
  });

  it('of an open request stay those that it was made with when the rules come to ask for as much elsewhere, or for less', async () => {
    const omega = await openGoverned(db, 'omega', {
      stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }],
    });
    const [one, two] = [await omega.person('one'), await omega.person('two')];
    const { id } = await omega.request('before');
    await omega.set({
      ...{ version: 1, selectors: ['env:prod', 'team'] },
      stages: [{ name: 'Renamed', approvers: 2, roles: ['admin'] }],
    });
    expect(await approve(one, id)).toMatchObject({ state: 'open' });
    const { changeRequest } = await omega.set({ version: 2, selectors: [], stages: [] });
    expect(await approve(one, changeRequest!.id)).toMatchObject({ state: 'applied', version: 3 });
    expect(await approve(two, id)).toMatchObject({ state: 'applied' });
  });

  it.each<[string, Partial<Policy>]>([
    ['more people', { stages: [{ name: 'Both', approvers: 3, roles: ['admin', 'operator'] }] }],
    ['fewer roles', { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] }],
    ['a stage more', { stages: [BOTH, { name: 'Release', approvers: 1, roles: ['admin'] }] }],
    ['less time', { expiryHours: 24 }],
  ])(
    'of an open request count no more when the rules come to ask for %s: publishing again asks by the new ones',
    async (what, tighter) => {
      const slug = `tightened-${what.replaceAll(' ', '-')}`;
      const house = await openGoverned(db, slug, { stages: [BOTH] });
      const [one, two] = [await house.person('one'), await house.person('two')];
      const { pipelineId, id } = await house.request('p');
      await approve(one, id);
      expect(await house.set({ version: 1, ...tighter })).toMatchObject({ state: 'set' });
      await expect(approve(two, id)).rejects.toMatchObject(refusal('APPROVAL_STALE', 'the rules ask for more now'));
      expect(await getRequest(two.ctx, { id })).toMatchObject({ state: 'stale', canApprove: false });
      const again = await publishVersion(house.ada.ctx, { id: pipelineId });
      if (again.state !== 'waiting') throw new Error('it went live');
      expect([again.changeRequest.isNew, again.changeRequest.id === id, await house.stateOf(id)]).toEqual([
        true,
        false,
        'stale',
      ]);
      const { stages } = await getRequest(two.ctx, { id: again.changeRequest.id });
      expect(stages.map(({ approvers, roles }) => ({ approvers, roles }))).toEqual(
        (tighter.stages ?? [BOTH]).map(({ approvers, roles }) => ({ approvers, roles })),
      );
      expect(await house.liveOf(pipelineId)).toBe(1);
    },
  );

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['was disabled in the tenant', (id) => db.owner`update memberships set disabled_at = now() where user_id = ${id}`],
    ['was disabled everywhere', (id) => db.owner`update users set disabled_at = now() where id = ${id}`],
    ['lost the role', (id) => db.owner`update memberships set role = 'operator' where user_id = ${id}`],
    ['left', (id) => db.owner`delete from memberships where user_id = ${id}`],
  ])('do not count the approval of somebody who %s before the change was applied', async (what, lose) => {
    const slug = `lost-${what.replaceAll(' ', '-')}`;
    const house = await openGoverned(db, slug, { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
    const [one, two, three] = [await house.person('one'), await house.person('two'), await house.person('three')];
    const { pipelineId, id } = await house.request('p');
    await approve(one, id);
    await lose(one.id);
    expect((await getRequest(two.ctx, { id })).stages).toMatchObject([{ approved: 0, votes: [{ counts: false }] }]);
    expect(await approve(two, id)).toMatchObject({ state: 'open' });
    expect(await house.liveOf(pipelineId)).toBe(1);
    expect(await approve(three, id)).toMatchObject({ state: 'applied' });
  });
});

it('what counted stays as it was at the end: history names who decided, and not who voted in vain', async () => {
  const house = await openGoverned(db, 'counted-then', { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
  const [bob, eve, dan] = [await house.person('bob'), await house.person('eve'), await house.person('dan')];
  const role = (who: Person, to: string) => db.owner`update memberships set role = ${to} where user_id = ${who.id}`;
  const { pipelineId, id } = await house.request('p');
  await approve(bob, id);
  await role(bob, 'operator');
  await approve(eve, id);
  expect(await approve(dan, id)).toMatchObject({ state: 'applied' });
  // Whatever becomes of them afterwards.
  await role(bob, 'admin');
  await role(eve, 'viewer');
  const votes = [
    { voter: bob.email, counts: false },
    { voter: eve.email, counts: true },
    { voter: dan.email, counts: true },
  ];
  expect((await getRequest(dan.ctx, { id })).stages).toMatchObject([{ approved: 2, votes }]);
  const history = await withTransaction(dan.ctx, (tx) => approvalsOf(tx, house.tenant.id, pipelineId, [2]));
  expect(history.get(2)?.approvedBy.map(({ voter }) => voter)).toEqual([eve.email, dan.email]);
});
