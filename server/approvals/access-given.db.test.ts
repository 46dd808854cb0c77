// Four eyes are two people's: an account that the author let somebody into, or was let into by, is no second one.
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { acceptInvite, resetPassword } from '#server/accounts/index.ts';
import { createCaller } from '#server/api/index.ts';
import { ROLE_SCOPES } from '#server/auth/index.ts';
import { publishVersion } from '#server/pipelines/index.ts';
import { approve, type Governed, openGoverned, type Person, refusal } from '#server/pipelines/testing/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';
import { getRequest } from './get-request.ts';
import { countWaiting } from './list-requests.ts';

const db = await testDatabase();
let house: Governed;
let bea: Person;
let count = 0;
beforeEach(async () => {
  count += 1;
  house = await openGoverned(db, `given-${count}`);
  bea = await house.person('bea');
});

const PASSWORD = 'a spring that is wound';
const apiOf = (ctx: Person['ctx'], tenant: Tenant | null = ctx.tenant) =>
  createCaller({
    ...{ pool: ctx.pool, requestId: 'test', log: ctx.log, idempotencyKey: null },
    caller: { credential: 'session', actor: ctx.actor, userName: '', tenant },
  });
const tokenIn = (linkPath: string) => new URL(linkPath, 'http://localhost').searchParams.get('token')!;
const setPasswordBy = ({ linkPath }: { linkPath: string }) =>
  resetPassword({ ...house.program, requestId: 'test' }, { token: tokenIn(linkPath), password: PASSWORD });
/** What the API is for an instance operator in that office: this person, or one who is nobody in the tenant. */
async function officeOf(operator: Person | null) {
  const email = `root${count}@operators.example`;
  const [row] = operator
    ? [{ id: operator.id }]
    : await db.owner<{ id: string }[]>`insert into users (email, is_instance_operator) values (${email}, true)
        on conflict (email) do update set name = 'root' returning id`;
  const actor = {
    ...{ kind: 'user' as const, id: row!.id, email: operator?.email ?? email, role: 'viewer' as const },
    isInstanceOperator: true,
  };
  return apiOf({ ...house.program, actor }, null).accounts;
}
const operatorsLink = async (of: Person, operator: Person | null = null) =>
  setPasswordBy(await (await officeOf(operator)).instanceResetLink({ email: of.email }));
const resetBy = async (maker: Person, of: Person) =>
  setPasswordBy(await apiOf(maker.ctx).accounts.resetLink({ id: of.id }));
const emailOf = (name: string) => `${name}@${house.tenant.slug}.example`;
/** Somebody whom `by` invites as an admin, and who accepts. */
async function invited(by: Person, name: string): Promise<Person> {
  const { linkPath } = await apiOf(by.ctx).accounts.invite({ email: emailOf(name), role: 'admin' });
  return accepted(name, linkPath);
}
async function invitedByOperator(operator: Person | null, name: string): Promise<Person> {
  const office = await officeOf(operator);
  const { linkPath } = await office.inviteTenantAdmin({ id: house.tenant.id, email: emailOf(name) });
  return accepted(name, linkPath);
}
async function accepted(name: string, linkPath: string): Promise<Person> {
  const email = emailOf(name);
  await acceptInvite(
    { ...house.program, requestId: 'test' },
    {
      ...{ token: tokenIn(linkPath), name, password: PASSWORD, address: '192.0.2.1', userAgent: 'test' },
      ...{ lifetimeSeconds: 600, signedInAs: null },
    },
  );
  const [user] = await db.owner<{ id: string }[]>`select id from users where email = ${email}`;
  const actor = { kind: 'user' as const, id: user!.id, email, role: 'admin' as const, isInstanceOperator: false };
  return { ctx: { ...house.program, actor }, id: user!.id, email };
}
/** As if what was given so far had been given that long ago. */
const agedBy = (hours: number) =>
  db.owner`update access_givings set given_at = given_at - make_interval(hours => ${hours}) where made_for = ${house.tenant.id}`;
const GIVEN = refusal('APPROVAL_ACCESS_GIVEN', 'may be one person');

describe('access that was given', () => {
  it('by a password link of who asked takes the vote, before and after it was asked for, until the operator makes a link', async () => {
    await resetBy(house.ada, bea);
    const { pipelineId, id } = await house.request('linked');
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    expect(await getRequest(bea.ctx, { id })).toMatchObject({ canApprove: false, canDecide: false, canReject: true });
    expect(await countWaiting(bea.ctx)).toMatchObject({ open: 1, mine: 0 });
    // Another's link does not hide the first one's.
    const cid = await house.person('cid');
    await resetBy(cid, bea);
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    await operatorsLink(bea);
    expect(await countWaiting(bea.ctx)).toMatchObject({ mine: 1 });
    await resetBy(house.ada, bea);
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    expect([await house.liveOf(pipelineId), await house.votesOf(id)]).toEqual([1, 0]);
    await operatorsLink(bea);
    expect(await approve(bea, id)).toMatchObject({ state: 'applied' });
  });

  it('by a password link counts 72 hours back from the request, and a link that nobody used is nothing', async () => {
    await resetBy(house.ada, bea);
    await agedBy(71);
    const { id } = await house.request('aged');
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    await agedBy(2);
    await apiOf(house.ada.ctx).accounts.resetLink({ id: bea.id });
    expect(await approve(bea, id)).toMatchObject({ state: 'applied' });
  });

  it('by a link loosens no rules either, nor where it is the approver who made the link for who asks', async () => {
    await resetBy(house.ada, bea);
    const asked = await house.set({ version: 1, selectors: [], stages: [] });
    await expect(approve(bea, asked.changeRequest!.id)).rejects.toMatchObject(GIVEN);
    const cid = await house.person('cid');
    await resetBy(cid, house.ada);
    const { id } = await house.request('reversed');
    await expect(approve(cid, id)).rejects.toMatchObject(GIVEN);
    expect(await approve(await house.person('dan'), asked.changeRequest!.id)).toMatchObject({ state: 'applied' });
  });

  it('by the one admin to a second one: the rules wait, and who asks is told who else could come', async () => {
    await db.owner`delete from memberships where user_id = ${bea.id}`;
    const second = await invited(house.ada, 'second');
    const asked = await house.set({ version: 1, selectors: [], stages: [] });
    expect(asked).toMatchObject({
      state: 'waiting',
      hint: expect.stringContaining('the instance operator invite one'),
    });
    await expect(approve(second, asked.changeRequest!.id)).rejects.toMatchObject(GIVEN);
    await agedBy(73);
    const again = await house.set({ version: 1, selectors: [], stages: [] });
    expect(again).toMatchObject({ state: 'waiting', hint: null });
    expect(await approve(second, again.changeRequest!.id)).toMatchObject({ state: 'applied' });
  });

  it('is none where a right was taken: the vote stays', async () => {
    const cid = await house.person('cid');
    const accounts = apiOf(house.ada.ctx).accounts;
    await accounts.setRole({ id: cid.id, role: 'operator' });
    await accounts.setRole({ id: cid.id, role: 'operator' });
    const { id } = await house.request('lesser');
    expect(await getRequest(cid.ctx, { id })).toMatchObject({ state: 'open' });
    const given = await db.owner`select from access_givings where user_id = ${cid.id} and kind = 'role'`;
    expect(given).toHaveLength(0);
  });

  it('by an invite or a role takes the vote, also over others in between, and not that of whom somebody else let in', async () => {
    const first = await invited(house.ada, 'first');
    const second = await invited(first, 'second');
    const eve = await house.person('eve', 'viewer');
    await apiOf(house.ada.ctx).accounts.setRole({ id: eve.id, role: 'admin' });
    const others = await invited(bea, 'others');
    const { id } = await house.request('invited');
    for (const who of [first, second, eve]) await expect(approve(who, id)).rejects.toMatchObject(GIVEN);
    // The first one, asking, is no other than Ada.
    const own = await house.pipeline('of-ada');
    const asked = await publishVersion(first.ctx, { id: own });
    if (asked.state !== 'waiting') throw new Error('it went live');
    await expect(approve(second, asked.changeRequest.id)).rejects.toMatchObject(GIVEN);
    expect(await approve(others, id)).toMatchObject({ state: 'applied' });
    expect(await approve(others, asked.changeRequest.id)).toMatchObject({ state: 'applied' });
  });

  it('after a vote takes that vote away again, before the last one applies the change', async () => {
    await house.set({ version: 1, stages: [{ name: 'Two', approvers: 2, roles: ['admin'] }] });
    const { pipelineId, id } = await house.request('afterwards');
    const cid = await house.person('cid');
    expect(await approve(bea, id)).toMatchObject({ state: 'open' });
    await resetBy(house.ada, bea);
    expect(await approve(cid, id)).toMatchObject({ state: 'open' });
    const { stages } = await getRequest(cid.ctx, { id });
    expect(stages[0]!.votes.map(({ voter, counts }) => [voter, counts])).toEqual([
      [bea.email, false],
      [cid.email, true],
    ]);
    expect(await house.liveOf(pipelineId)).toBe(1);
    expect(await approve(await house.person('dan'), id)).toMatchObject({ state: 'applied' });
  });

  it('by an instance operator in that office counts as a member’s where they are one of the tenant’s people, or were', async () => {
    const cid = await house.person('cid');
    const [own, other] = [await invitedByOperator(cid, 'own'), await invitedByOperator(cid, 'other')];
    const far = await invitedByOperator(null, 'far');
    const asked = await publishVersion(own.ctx, { id: await house.pipeline('of-own') });
    if (asked.state !== 'waiting') throw new Error('it went live');
    const { id } = asked.changeRequest;
    // House's ada saved what is asked for: she is no other's either.
    for (const who of [other, cid]) await expect(approve(who, id)).rejects.toMatchObject(GIVEN);
    await apiOf(house.ada.ctx).accounts.removeUser({ id: cid.id });
    await expect(approve(other, id)).rejects.toMatchObject(GIVEN);
    expect(await approve(far, id)).toMatchObject({ state: 'applied' });
  });

  it('is not ended by a link of an operator who is one of the tenant’s people, and is by one of another’s', async () => {
    const cid = await house.person('cid');
    await resetBy(house.ada, bea);
    const { id } = await house.request('ended');
    await operatorsLink(bea, cid);
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    await apiOf(house.ada.ctx).accounts.removeUser({ id: cid.id });
    await operatorsLink(bea, cid);
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    await operatorsLink(bea);
    expect(await approve(bea, id)).toMatchObject({ state: 'applied' });
  });

  it('by a key that nobody is known to have made takes the vote, and so does the operator’s own link for their own change', async () => {
    const key = await house.key(null);
    const actor = { kind: 'api_key' as const, id: key.actor.id, scopes: [...ROLE_SCOPES.admin] };
    await setPasswordBy(await apiOf({ ...key, actor }).accounts.resetLink({ id: bea.id }));
    const [cid, dan] = [await house.person('cid'), await house.person('dan')];
    const { id } = await house.request('unknown');
    await expect(approve(bea, id)).rejects.toMatchObject(GIVEN);
    expect(await approve(cid, id)).toMatchObject({ state: 'applied' });
    await operatorsLink(dan, house.ada);
    const { id: own } = await house.request('own');
    await expect(approve(dan, own)).rejects.toMatchObject(GIVEN);
    expect(await approve(cid, own)).toMatchObject({ state: 'applied' });
  });
});
