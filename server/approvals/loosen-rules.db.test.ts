// Looser rules of approval are asked for, and are another admin's to approve.
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createPipeline, publishVersion, saveIr } from '#server/pipelines/index.ts';
import { approve, type Governed, openGoverned, type Person, refusal } from '#server/pipelines/testing/index.ts';
import { rejectRequest, withdrawRequest } from './decide.ts';
import { getRequest } from './get-request.ts';
import { countWaiting, listRequests } from './list-requests.ts';
import { NO_POLICY, type Policy } from './policy.ts';
import { setSettings } from './set-settings.ts';
import { getSettings } from './settings.ts';

const db = await testDatabase();
let house: Governed;
let bea: Person;
let count = 0;
beforeEach(async () => {
  count += 1;
  house = await openGoverned(db, `loosened-${count}`);
  bea = await house.person('bea');
});

const OFF: Pick<Policy, 'selectors' | 'stages'> = { selectors: [], stages: [] };
const rulesNow = async () => {
  const { version, selectors, stages } = await getSettings(house.ada.ctx);
  return { version, selectors, approvers: stages.map(({ approvers }) => approvers) };
};
const AS_SET = { version: 1, selectors: ['env:prod'], approvers: [1] };
/** Ada asks that nothing be demanded any more. */
async function askOff(): Promise<string> {
  const asked = await house.set({ version: 1, ...OFF });
  expect(asked).toMatchObject({ state: 'waiting', version: 1, selectors: ['env:prod'], hint: null });
  return asked.changeRequest!.id;
}

describe('rules that ask for less', () => {
  it('do not hold until another admin has approved them; nothing goes live by them meanwhile, and both names are audited', async () => {
    const pipelineId = await house.pipeline('held');
    const id = await askOff();
    expect(await rulesNow()).toEqual(AS_SET);
    expect(await publishVersion(house.ada.ctx, { id: pipelineId })).toMatchObject({ state: 'waiting' });
    await expect(approve(house.ada, id)).rejects.toMatchObject(refusal('APPROVAL_OWN', 'you asked for this change'));
    expect(await rulesNow()).toEqual(AS_SET);
    expect(await approve(bea, id, 'agreed')).toEqual({ id, pipelineId: null, version: 2, state: 'applied' });
    expect(await getSettings(bea.ctx)).toMatchObject({
      ...{ version: 2, selectors: [], updatedBy: house.ada.email, approvedBy: bea.email, waitingId: null },
    });
    expect(await house.audited(id)).toEqual([
      `approval.request by ${house.ada.email}`,
      `approval.approve by ${bea.email}`,
      `approval.apply by ${bea.email}`,
    ]);
    const [row] = await db.owner`select actor_id, details from audit_log where tenant_id = ${house.tenant.id}
      and action = 'approval.settings' order by id desc limit 1`;
    expect(row).toMatchObject({
      actor_id: bea.email,
      details: { requestedBy: house.ada.email, requestId: id, version: 2 },
    });
    await saveIr(house.ada.ctx, { id: pipelineId, baseVersion: 2, document: house.described('held', 'third') });
    expect(await publishVersion(house.ada.ctx, { id: pipelineId })).toMatchObject({ state: 'live' });
  });

  it('are shown with what they were, what they are to be and what would be gone', async () => {
    const id = await askOff();
    const detail = await getRequest(bea.ctx, { id });
    expect(detail).toMatchObject({
      ...{ subject: 'rules', pipelineId: null, pipelineName: null, base: null, target: null, selectors: [] },
      ...{ state: 'open', baseVersion: 1, targetVersion: 2, requestedBy: house.ada.email, canApprove: true },
      rules: { before: { selectors: ['env:prod'], expiryHours: 72 }, after: { selectors: [], stages: [] } },
      stages: [{ name: 'Another admin', approvers: 1, roles: ['admin'], approved: 0 }],
    });
    expect(detail.rules?.loosens).toEqual([
      'pipelines labelled env:prod would need no approval',
      'no stage would ask for what "Owners" asks for: one person who may be admin or operator',
    ]);
    expect(detail.changes).toContainEqual({ pointer: '/selectors/0', kind: 'removed', before: 'env:prod' });
    const { items } = await listRequests(bea.ctx, { limit: 10, mine: true });
    expect(items).toMatchObject([{ id, subject: 'rules', canDecide: true }]);
    expect([await countWaiting(bea.ctx), await countWaiting(house.ada.ctx)]).toEqual([
      { open: 1, mine: 1 },
      { open: 1, mine: 0 },
    ]);
    expect(await getSettings(house.ada.ctx)).toMatchObject({ waitingId: id, admins: 2 });
  });

  it('are no operator’s to approve, nor a viewer’s, a key’s, or those of an admin who is none any more', async () => {
    const id = await askOff();
    const [op, vic] = [await house.person('op', 'operator'), await house.person('vic', 'viewer')];
    for (const who of [op, vic]) await expect(approve(who, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS'));
    const key = { ctx: await house.key(bea.id) };
    await expect(approve(key, id)).rejects.toMatchObject(refusal('APPROVAL_BY_KEY'));
    await db.owner`update memberships set disabled_at = now() where user_id = ${bea.id}`;
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS'));
    expect([await rulesNow(), await house.votesOf(id)]).toEqual([AS_SET, 0]);
  });

  it('set by a key are its maker’s, who cannot approve them; a key that nobody made cannot ask for them', async () => {
    const { selectors: _, stages: __, ...rest } = NO_POLICY;
    const off = { ...OFF, ...rest, version: 1 };
    const asked = await setSettings(await house.key(house.ada.id), off);
    await expect(approve(house.ada, asked.changeRequest!.id)).rejects.toMatchObject(refusal('APPROVAL_OWN'));
    await withdrawRequest(house.ada.ctx, { id: asked.changeRequest!.id, reason: '' });
    await expect(setSettings(await house.key(null), off)).rejects.toMatchObject(refusal('APPROVAL_PERSON_UNKNOWN'));
    expect(await rulesNow()).toEqual(AS_SET);
  });

  it('are asked for once; others instead end the request, and so do a rejection, a withdrawal and its time', async () => {
    const id = await askOff();
    expect((await house.set({ version: 1, ...OFF })).changeRequest).toMatchObject({ id, isNew: false });
    const other = await house.set({ version: 1, expiryHours: 100 });
    expect([await house.stateOf(id), other.changeRequest?.isNew]).toEqual(['superseded', true]);
    await rejectRequest(bea.ctx, { id: other.changeRequest!.id, reason: 'too long' });
    const third = (await house.set({ version: 1, expiryHours: 100 })).changeRequest!;
    await withdrawRequest(house.ada.ctx, { id: third.id, reason: '' });
    const late = (await house.set({ version: 1, expiryHours: 100 })).changeRequest!;
    await db.owner`update approval_requests set expires_at = now() - interval '1 millisecond' where id = ${late.id}`;
    await expect(approve(bea, late.id)).rejects.toMatchObject(refusal('APPROVAL_EXPIRED', 'set the rules again'));
    for (const ended of [id, other.changeRequest!.id, third.id])
      await expect(approve(bea, ended)).rejects.toMatchObject(refusal('APPROVAL_CLOSED'));
    expect(await rulesNow()).toEqual(AS_SET);
  });

  it('are overtaken by rules that were set meanwhile: what was approved is never put over what was not read', async () => {
    const id = await askOff();
    expect(await house.set({ version: 1, expiryHours: 24 })).toMatchObject({ state: 'set', version: 2 });
    expect(await house.stateOf(id)).toBe('stale');
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_CLOSED', 'stale'));
    const [next] = [await house.set({ version: 2, expiryHours: 48 })];
    await db.owner`update approval_requests set rules_after = jsonb_set(rules_after, '{selectors}', '[]')
      where id = ${next.changeRequest!.id}`;
    await expect(approve(bea, next.changeRequest!.id)).rejects.toMatchObject(
      refusal('APPROVAL_STALE', 'content changed'),
    );
    await db.owner`update approval_settings set version = 9 where tenant_id = ${house.tenant.id}`;
    const nine = await house.set({ version: 9, expiryHours: 48 });
    await db.owner`update approval_settings set version = 10 where tenant_id = ${house.tenant.id}`;
    await expect(approve(bea, nine.changeRequest!.id)).rejects.toMatchObject(
      refusal('APPROVAL_STALE', 'set otherwise'),
    );
    expect(await rulesNow()).toMatchObject({ version: 10, selectors: ['env:prod'] });
  });

  it('of another tenant are nowhere', async () => {
    const id = await askOff();
    const theirs = await openGoverned(db, `theirs-${count}`);
    for (const ask of [
      () => approve(theirs.ada, id),
      () => rejectRequest(theirs.ada.ctx, { id, reason: 'x' }),
      () => withdrawRequest(theirs.ada.ctx, { id, reason: '' }),
      () => getRequest(theirs.ada.ctx, { id }),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'APPROVAL_NOT_FOUND' });
    expect(await getSettings(theirs.ada.ctx)).toMatchObject({ waitingId: null, approvedBy: null });
  });
});

describe('rules that ask for more', () => {
  it('hold at once, also those of the only admin, who is told what loosening them will take', async () => {
    await db.owner`update memberships set disabled_at = now() where user_id = ${bea.id}`;
    const set = await house.set({ version: 1, selectors: ['env:prod', 'team'], expiryHours: 24 });
    expect(set).toMatchObject({ state: 'set', version: 2, changeRequest: null, loosens: [], admins: 1 });
    expect(set.hint).toContain('Have the instance operator invite one');
  });
});

it('a tenant with one admin is told whom to invite; the rules hold meanwhile, and who comes can approve', async () => {
  await db.owner`delete from memberships where user_id = ${bea.id}`;
  const asked = await house.set({ version: 1, ...OFF });
  expect(asked).toMatchObject({ state: 'waiting', version: 1, admins: 1 });
  expect(asked.hint).toContain('no other admin who could approve it');
  // Of a key whose maker is no admin any more the one admin is another.
  const dan = await house.person('dan', 'operator');
  const byKey = await setSettings(await house.key(dan.id), { ...NO_POLICY, expiryHours: 80, version: 1 });
  expect(byKey).toMatchObject({ state: 'waiting', admins: 1, hint: null });
  await rejectRequest(house.ada.ctx, { id: byKey.changeRequest!.id, reason: 'no' });
  const again = await house.set({ version: 1, ...OFF });
  expect(await rulesNow()).toEqual(AS_SET);
  const cid = await house.person('cid');
  expect(await approve(cid, again.changeRequest!.id)).toMatchObject({ state: 'applied' });
  expect(await rulesNow()).toMatchObject({ version: 2, selectors: [] });
});

it('a label that is taken off a pipeline needs the approval that it demanded, and after it there is none', async () => {
  const { pipelineId, id } = await house.request('unlabelled');
  await approve(bea, id);
  await saveIr(house.ada.ctx, { id: pipelineId, baseVersion: 2, document: house.described('unlabelled', 'free', {}) });
  const asked = await publishVersion(house.ada.ctx, { id: pipelineId });
  if (asked.state !== 'waiting') throw new Error('it went live');
  // Nor by a version in between: each is compared with what is live.
  await saveIr(house.ada.ctx, { id: pipelineId, baseVersion: 3, document: house.described('unlabelled', 'freer', {}) });
  const again = await publishVersion(house.ada.ctx, { id: pipelineId });
  expect(again).toMatchObject({ state: 'waiting', version: 4 });
  expect(await house.liveOf(pipelineId)).toBe(2);
  if (again.state !== 'waiting') return;
  expect(await getRequest(bea.ctx, { id: again.changeRequest.id })).toMatchObject({ selectors: ['env:prod'] });
  await approve(bea, again.changeRequest.id);
  await saveIr(house.ada.ctx, { id: pipelineId, baseVersion: 4, document: house.described('unlabelled', 'last', {}) });
  expect(await publishVersion(house.ada.ctx, { id: pipelineId })).toMatchObject({ state: 'live', version: 5 });
});

it('rules are loosened, published under and put back by one admin no more: each step but the last needs another', async () => {
  const made = await createPipeline(house.ada.ctx, { document: house.described('quick', 'first') });
  await askOff();
  expect(await publishVersion(house.ada.ctx, made)).toMatchObject({ state: 'waiting' });
  expect(await house.set({ version: 1 })).toMatchObject({ state: 'set', version: 2 });
  expect(await house.liveOf(made.id)).toBeNull();
});
