import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { approveChange, publishVersion } from '#server/pipelines/index.ts';
import { openGoverned } from '#server/pipelines/testing/index.ts';
import { rejectRequest } from './decide.ts';
import { getRequest } from './get-request.ts';
import { countWaiting, listRequests } from './list-requests.ts';

const db = await testDatabase();

it('the list is by state, by pipeline and page by page, newest first, with what each is by the clock', async () => {
  const house = await openGoverned(db, 'listed');
  const other = await house.person('other');
  const made = [];
  for (const name of ['one', 'two', 'three', 'four']) made.push(await house.request(name));
  const [one, two, three, four] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0], (typeof made)[0]];
  await approveChange(other.ctx, { id: one.id, comment: '' });
  await rejectRequest(other.ctx, { id: two.id, reason: 'no' });
  await db.owner`update approval_requests set expires_at = now() where id = ${three.id}`;
  const list = async (input: Partial<Parameters<typeof listRequests>[1]>) =>
    (await listRequests(other.ctx, { limit: 50, ...input })).items.map(
      ({ pipelineName, state }) => `${pipelineName} ${state}`,
    );
  expect(await list({})).toEqual(['four open', 'three expired', 'two rejected', 'one applied']);
  expect(await list({ state: 'open' })).toEqual(['four open']);
  expect(await list({ state: 'expired' })).toEqual(['three expired']);
  expect(await list({ state: 'applied' })).toEqual(['one applied']);
  expect(await list({ pipelineId: four.pipelineId })).toEqual(['four open']);
  expect(await list({ mine: true })).toEqual(['four open']);
  const first = await listRequests(other.ctx, { limit: 3 });
  const second = await listRequests(other.ctx, { limit: 3, cursor: first.nextCursor! });
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([four, three, two, one].map(({ id }) => id));
  expect(second.nextCursor).toBeNull();
  await expect(listRequests(other.ctx, { limit: 3, cursor: 'WyJ4Il0' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
  expect(await countWaiting(other.ctx)).toEqual({ open: 1, mine: 1 });
  expect(await countWaiting(house.ada.ctx)).toEqual({ open: 1, mine: 0 });
  expect(await countWaiting(house.program)).toEqual({ open: 1, mine: 0 });
});

it('what waits for somebody is exactly what they can approve, whatever votes there are and whoever lost a role', async () => {
  const stages = [
    { name: 'Review', approvers: 2, roles: ['admin' as const, 'operator' as const] },
    { name: 'Release', approvers: 1, roles: ['admin' as const] },
  ];
  for (const allowSamePerson of [false, true]) {
    const house = await openGoverned(db, `fits-${allowSamePerson}`, { stages, allowSamePerson });
    const people = [
      house.ada,
      ...(await Promise.all(['one', 'two'].map((name) => house.person(name)))),
      await house.person('op', 'operator'),
      await house.person('vic', 'viewer'),
    ];
    const [ada, one, two, op] = people as [typeof house.ada, typeof house.ada, typeof house.ada, typeof house.ada];
    const { id, pipelineId } = await house.request('p');
    const byOne = await house.pipeline('asked-by-one');
    await publishVersion(one.ctx, { id: byOne });
    let compared = 0;
    const compare = async () => {
      for (const { ctx } of people)
        for (const { id: each, canDecide } of (await listRequests(ctx, { limit: 50 })).items) {
          const detail = await getRequest(ctx, { id: each });
          expect([detail.canApprove, detail.canDecide]).toEqual([canDecide, canDecide]);
          compared += 1;
        }
    };
    const vote = (userId: string, stage: number) => db.owner`insert into approval_votes
      (tenant_id, request_id, stage, user_id, voter) values (${house.tenant.id}, ${id}, ${stage}, ${userId}, 'v')`;
    const role = (userId: string, to: string) =>
      db.owner`update memberships set role = ${to} where user_id = ${userId}`;
    await compare();
    // Every step leaves a state that people and their roles can come to.
    for (const step of [
      () => vote(op.id, 0),
      () => vote(one.id, 0),
      () => role(op.id, 'viewer'),
      () => vote(two.id, 1),
      () => role(op.id, 'operator'),
      () => role(two.id, 'operator'),
      () => db.owner`update memberships set disabled_at = now() where user_id = ${one.id}`,
      () => db.owner`update memberships set disabled_at = null where user_id = ${one.id}`,
      () => db.owner`update approval_requests set expires_at = now() where id = ${id}`,
    ]) {
      await step();
      await compare();
    }
    expect(compared).toBe(10 * people.length * 2);
    expect([ada.email, await house.liveOf(pipelineId)]).toEqual([`ada@fits-${allowSamePerson}.example`, 1]);
  }
});
