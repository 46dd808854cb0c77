import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { withTransaction } from '#server/lib/index.ts';
import { approveChange, createPipeline, publishVersion, saveIr } from '#server/pipelines/index.ts';
import { type Governed, openGoverned, type Person } from '#server/pipelines/testing/index.ts';
import { approvalsOf } from './applied-of.ts';
import { rejectRequest, withdrawRequest } from './decide.ts';
import { getRequest } from './get-request.ts';
import { getSettings, setSettings } from './settings.ts';

const db = await testDatabase();
let acme: Governed;
let bea: Person;
let cid: Person;

beforeAll(async () => {
  acme = await openGoverned(db, 'acme');
  bea = await acme.person('bea');
  cid = await acme.person('cid', 'operator');
});

const approve = ({ ctx }: Pick<Person, 'ctx'>, id: string, comment = '') => approveChange(ctx, { id, comment });
const refusal = (code: string, message = '') => ({ code, message: expect.stringContaining(message) });

describe('a version whose labels demand approval', () => {
  it('does not go live when it is published; the approval of another person makes it live, and history says whose', async () => {
    const id = await acme.pipeline('first-way');
    const asked = await publishVersion(acme.ada.ctx, { id });
    expect(asked).toMatchObject({ state: 'waiting', version: 2, changeRequest: { isNew: true } });
    if (asked.state !== 'waiting') return;
    expect(await acme.liveOf(id)).toBe(1);
    const detail = await getRequest(bea.ctx, { id: asked.changeRequest.id });
    expect(detail).toMatchObject({
      ...{ state: 'open', baseVersion: 1, targetVersion: 2, requestedBy: acme.ada.email, authors: [acme.ada.email] },
      ...{ selectors: ['env:prod'], canApprove: true, canReject: true, canWithdraw: false, canDecide: true },
      changes: expect.arrayContaining([
        { pointer: '/metadata/labels/env', kind: 'added', after: 'prod' },
        { pointer: '/metadata/description', kind: 'changed', before: 'first', after: 'second' },
      ]),
    });
    expect(await approve(bea, detail.id, 'looks right')).toMatchObject({
      state: 'applied',
      version: 2,
      pipelineId: id,
    });
    expect(await acme.liveOf(id)).toBe(2);
    expect(await acme.audited(detail.id)).toEqual([
      `approval.request by ${acme.ada.email}`,
      `approval.approve by ${bea.email}`,
      `approval.apply by ${bea.email}`,
    ]);
    expect((await acme.audited(id)).at(-1)).toBe(`pipeline.publish by ${bea.email}`);
  });

  it('asks once: publishing the same version again gives the same request, of another one a new one instead', async () => {
    const { pipelineId, id } = await acme.request('again');
    const again = await publishVersion(bea.ctx, { id: pipelineId });
    expect(again).toMatchObject({ state: 'waiting', changeRequest: { id, isNew: false } });
    await saveIr(acme.ada.ctx, { id: pipelineId, baseVersion: 2, document: acme.described('again', 'third') });
    const other = await publishVersion(acme.ada.ctx, { id: pipelineId });
    expect(other).toMatchObject({ state: 'waiting', version: 3, changeRequest: { isNew: true } });
    expect(await acme.stateOf(id)).toBe('superseded');
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_CLOSED', 'superseded'));
    expect(await acme.liveOf(pipelineId)).toBe(1);
    expect((await acme.audited(id)).at(-1)).toBe(`approval.supersede by ${acme.ada.email}`);
  });

  it('cannot get round it by leaving the label out: the live version’s labels demand it, too', async () => {
    const { pipelineId, id } = await acme.request('no-label');
    await approve(bea, id);
    await saveIr(acme.ada.ctx, { id: pipelineId, baseVersion: 2, document: acme.described('no-label', 'third', {}) });
    expect(await publishVersion(acme.ada.ctx, { id: pipelineId })).toMatchObject({ state: 'waiting', version: 3 });
    // Nor by going back to the version that had none.
    expect(await publishVersion(acme.ada.ctx, { id: pipelineId, version: 1 })).toMatchObject({ state: 'waiting' });
    expect(await acme.liveOf(pipelineId)).toBe(2);
  });

  it('needs it the first time, too, and nothing is live meanwhile', async () => {
    const made = await createPipeline(acme.ada.ctx, { document: acme.described('brand-new', 'first') });
    expect(await publishVersion(acme.ada.ctx, made)).toMatchObject({ state: 'waiting' });
    expect(await acme.liveOf(made.id)).toBeNull();
  });

  it('is live already: publishing it again asks for nothing', async () => {
    const { pipelineId, id } = await acme.request('live-already');
    await approve(bea, id);
    expect(await publishVersion(acme.ada.ctx, { id: pipelineId })).toMatchObject({ state: 'live' });
  });
});

describe('four eyes', () => {
  it('are not those of who asked, nor of who saved the version, nor of a key that one of them made', async () => {
    const { pipelineId, id } = await acme.request('own');
    await expect(approve(acme.ada, id)).rejects.toMatchObject(refusal('APPROVAL_OWN', 'you asked for this change'));
    const adasKey = await acme.key(acme.ada.id);
    await expect(rejectRequest(adasKey, { id, reason: 'mine' })).rejects.toMatchObject(refusal('APPROVAL_OWN'));
    await withdrawRequest(acme.ada.ctx, { id, reason: '' });
    // Bea asks for what Ada saved.
    const asked = await publishVersion(bea.ctx, { id: pipelineId });
    if (asked.state !== 'waiting') throw new Error('it went live');
    await expect(approve(acme.ada, asked.changeRequest.id)).rejects.toMatchObject(
      refusal('APPROVAL_OWN', 'you saved this version'),
    );
    await expect(approve(bea, asked.changeRequest.id)).rejects.toMatchObject(refusal('APPROVAL_OWN'));
    expect(await approve(cid, asked.changeRequest.id)).toMatchObject({ state: 'applied' });
  });

  it('are not those of anybody who saved one of the versions that go live with it, also when going back to one', async () => {
    const id = await acme.pipeline('stacked');
    // Ada saved the second, the real change; Bea adds a comma, and asks.
    await saveIr(bea.ctx, { id, baseVersion: 2, document: acme.described('stacked', 'second,') });
    const asked = await publishVersion(bea.ctx, { id });
    if (asked.state !== 'waiting') throw new Error('it went live');
    const one = asked.changeRequest.id;
    await expect(approve(acme.ada, one)).rejects.toMatchObject(refusal('APPROVAL_OWN', 'goes live with it'));
    expect(await getRequest(acme.ada.ctx, { id: one })).toMatchObject({
      ...{ authors: [acme.ada.email, bea.email], canApprove: false, canDecide: false },
    });
    expect(await approve(cid, one)).toMatchObject({ state: 'applied', version: 3 });
    // The fourth is of Bea alone; the third still has what Ada saved, but it was live, so going back to it is Bea's.
    await saveIr(bea.ctx, { id, baseVersion: 3, document: acme.described('stacked', 'fourth') });
    const next = await publishVersion(cid.ctx, { id });
    if (next.state !== 'waiting') throw new Error('it went live');
    expect((await getRequest(cid.ctx, { id: next.changeRequest.id })).authors).toEqual([bea.email]);
    expect(await approve(acme.ada, next.changeRequest.id)).toMatchObject({ state: 'applied' });
    const back = await publishVersion(cid.ctx, { id, version: 2 });
    if (back.state !== 'waiting') throw new Error('it went live');
    expect((await getRequest(cid.ctx, { id: back.changeRequest.id })).authors).toEqual([acme.ada.email]);
  });

  it('of a key are its maker’s: what it saves and asks for its maker cannot approve', async () => {
    const key = await acme.key(acme.ada.id);
    const made = await createPipeline(key, { document: acme.described('by-key', 'first') });
    const asked = await publishVersion(key, made);
    if (asked.state !== 'waiting') throw new Error('it went live');
    await expect(approve(acme.ada, asked.changeRequest.id)).rejects.toMatchObject(refusal('APPROVAL_OWN'));
    expect(await approve(bea, asked.changeRequest.id)).toMatchObject({ state: 'applied' });
  });

  it('are never those of a key, which others may hold; it may still stop a change', async () => {
    const { pipelineId, id } = await acme.request('with-beas-key');
    const beasKey = await acme.key(bea.id);
    await expect(approve({ ctx: beasKey }, id)).rejects.toMatchObject(refusal('APPROVAL_BY_KEY', 'sign in'));
    expect(await getRequest(beasKey, { id })).toMatchObject({
      ...{ canApprove: false, canDecide: false, canReject: true, whyNot: expect.stringContaining('sign in') },
    });
    expect([await acme.liveOf(pipelineId), await acme.votesOf(id)]).toEqual([1, 0]);
    expect(await rejectRequest(beasKey, { id, reason: 'no' })).toMatchObject({ state: 'rejected' });
  });

  it('of a key that nobody made are nobody’s: it can neither ask, nor have saved what is asked for, nor approve', async () => {
    const key = await acme.key(null);
    const made = await createPipeline(key, { document: acme.described('by-nobody', 'first') });
    await expect(publishVersion(key, made)).rejects.toMatchObject(refusal('APPROVAL_PERSON_UNKNOWN'));
    await expect(publishVersion(acme.ada.ctx, made)).rejects.toMatchObject(
      refusal('APPROVAL_PERSON_UNKNOWN', 'Save the version again, also unchanged'),
    );
    const { id } = await acme.request('for-nobody');
    await expect(approve({ ctx: key }, id)).rejects.toMatchObject(refusal('APPROVAL_PERSON_UNKNOWN'));
    expect(await acme.stateOf(id)).toBe('open');
  });

  it('are known again when a person saves unchanged what a key that nobody made has saved', async () => {
    const key = await acme.key(null);
    const document = acme.described('adopted', 'first');
    const { id } = await createPipeline(key, { document });
    // The key saves nothing new by saying it again, nor does a person who says what a person said.
    expect(await saveIr(key, { id, baseVersion: 1, document })).toMatchObject({ version: 1 });
    expect(await saveIr(bea.ctx, { id, baseVersion: 1, document })).toMatchObject({ version: 2 });
    expect(await saveIr(acme.ada.ctx, { id, baseVersion: 2, document })).toMatchObject({ version: 2 });
    const asked = await publishVersion(acme.ada.ctx, { id });
    if (asked.state !== 'waiting') throw new Error('it went live');
    expect((await getRequest(cid.ctx, { id: asked.changeRequest.id })).authors).toEqual([bea.email]);
    await expect(approve(bea, asked.changeRequest.id)).rejects.toMatchObject(refusal('APPROVAL_OWN'));
    expect(await approve(cid, asked.changeRequest.id)).toMatchObject({ state: 'applied', version: 2 });
  });

  it('are not those of a viewer, nor of somebody who is disabled here, disabled everywhere, or gone', async () => {
    const { pipelineId, id } = await acme.request('not-theirs');
    const vic = await acme.person('vic', 'viewer');
    await expect(approve(vic, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS', 'you are viewer'));
    const [dan, eve, fay] = [await acme.person('dan'), await acme.person('eve'), await acme.person('fay')];
    await db.owner`update memberships set disabled_at = now() where user_id = ${dan.id}`;
    await db.owner`update users set disabled_at = now() where id = ${eve.id}`;
    await db.owner`delete from memberships where user_id = ${fay.id}`;
    for (const one of [dan, eve, fay])
      await expect(approve(one, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS'));
    expect([await acme.liveOf(pipelineId), await acme.votesOf(id)]).toEqual([1, 0]);
  });
});

describe('a change request', () => {
  it('is ended by a rejection with its reason; the change stays unapplied, and can be asked for again', async () => {
    const { pipelineId, id } = await acme.request('rejected');
    await expect(rejectRequest(acme.ada.ctx, { id, reason: 'mine' })).rejects.toMatchObject(refusal('APPROVAL_OWN'));
    await rejectRequest(cid.ctx, { id, reason: 'the wrong table' });
    expect(await getRequest(acme.ada.ctx, { id })).toMatchObject({
      ...{ state: 'rejected', closedBy: cid.email, closeReason: 'the wrong table', canApprove: false },
    });
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_CLOSED', 'rejected'));
    expect(await acme.liveOf(pipelineId)).toBe(1);
    expect((await acme.audited(id)).at(-1)).toBe(`approval.reject by ${cid.email}`);
    expect(await publishVersion(acme.ada.ctx, { id: pipelineId })).toMatchObject({ changeRequest: { isNew: true } });
  });

  it('is taken back by who asked for it and nobody else', async () => {
    const { pipelineId, id } = await acme.request('withdrawn');
    await expect(withdrawRequest(bea.ctx, { id, reason: '' })).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS'));
    await withdrawRequest(acme.ada.ctx, { id, reason: 'not yet' });
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_CLOSED', 'withdrawn'));
    expect(await acme.liveOf(pipelineId)).toBe(1);
    expect((await acme.audited(id)).at(-1)).toBe(`approval.withdraw by ${acme.ada.email}`);
  });

  it('is refused as soon as its time is over, before any job has said so, and can be asked for anew', async () => {
    const { pipelineId, id } = await acme.request('expired');
    await db.owner`update approval_requests set expires_at = now() - interval '1 millisecond' where id = ${id}`;
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_EXPIRED'));
    await expect(rejectRequest(bea.ctx, { id, reason: 'late' })).rejects.toMatchObject(refusal('APPROVAL_EXPIRED'));
    expect(await getRequest(bea.ctx, { id })).toMatchObject({ state: 'expired', canApprove: false, canDecide: false });
    expect([await acme.liveOf(pipelineId), await acme.votesOf(id), await acme.stateOf(id)]).toEqual([1, 0, 'open']);
    const anew = await publishVersion(acme.ada.ctx, { id: pipelineId });
    expect(anew).toMatchObject({ state: 'waiting', changeRequest: { isNew: true } });
    expect(await acme.stateOf(id)).toBe('expired');
  });

  it('is stale when another version went live meanwhile, and is ended with that', async () => {
    const { pipelineId, id } = await acme.request('overtaken');
    await saveIr(acme.ada.ctx, { id: pipelineId, baseVersion: 2, document: acme.described('overtaken', '3', {}) });
    expect(await publishVersion(acme.ada.ctx, { id: pipelineId })).toMatchObject({ state: 'live', version: 3 });
    expect(await acme.stateOf(id)).toBe('stale');
    expect((await acme.audited(id)).at(-1)).toBe(`approval.stale by ${acme.ada.email}`);
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_CLOSED', 'stale'));
    expect(await acme.liveOf(pipelineId)).toBe(3);
  });

  it('is stale when what is live or the content was changed behind its back', async () => {
    const one = await acme.request('other-content');
    await db.owner`update pipeline_versions set ir = jsonb_set(ir, '{metadata,description}', '"another"')
      where pipeline_id = ${one.pipelineId} and version = 2`;
    const two = await acme.request('other-base');
    await db.owner`update pipelines set live_version = null where id = ${two.pipelineId}`;
    for (const { id } of [one, two]) {
      await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_STALE'));
      expect(await getRequest(bea.ctx, { id })).toMatchObject({ state: 'stale', canApprove: false });
      expect(await acme.votesOf(id)).toBe(0);
    }
    expect([await acme.liveOf(one.pipelineId), await acme.liveOf(two.pipelineId)]).toEqual([1, null]);
  });

  it('keeps the approval back that cannot be carried out, with why', async () => {
    const { pipelineId, id } = await acme.request('no-table');
    const [row] = await db.owner<
      { schema: string }[]
    >`select schema_name as schema from tenants where id = ${acme.tenant.id}`;
    const schema = row!.schema;
    await db.owner.unsafe(`alter table ${schema}.facts rename to facts_gone`);
    try {
      await expect(approve(bea, id)).rejects.toMatchObject({ code: 'DOCUMENT_INVALID' });
    } finally {
      await db.owner.unsafe(`alter table ${schema}.facts_gone rename to facts`);
    }
    expect([await acme.liveOf(pipelineId), await acme.votesOf(id), await acme.stateOf(id)]).toEqual([1, 0, 'open']);
    expect(await approve(bea, id)).toMatchObject({ state: 'applied' });
  });

  it('of another tenant is nowhere', async () => {
    const { id } = await acme.request('theirs');
    const beta = await openGoverned(db, 'beta');
    const theirs = beta.ada.ctx;
    for (const ask of [
      () => approveChange(theirs, { id, comment: '' }),
      () => rejectRequest(theirs, { id, reason: 'x' }),
      () => withdrawRequest(theirs, { id, reason: '' }),
      () => getRequest(theirs, { id }),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'APPROVAL_NOT_FOUND' });
  });
});

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

  it('of an open request stay those that it was made with when the rules change', async () => {
    const omega = await openGoverned(db, 'omega', {
      stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }],
    });
    const [one, two] = [await omega.person('one'), await omega.person('two')];
    const { id } = await omega.request('before');
    await omega.set({ version: 1, stages: [{ name: 'Any', approvers: 1, roles: ['operator'] }] });
    expect(await approve(one, id)).toMatchObject({ state: 'open' });
    await omega.set({ version: 2, selectors: [], stages: [] });
    expect(await approve(two, id)).toMatchObject({ state: 'applied' });
  });

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

describe('the rules', () => {
  it('are changed on top of the version that was read, or not at all', async () => {
    const house = await openGoverned(db, 'ruled');
    const now = await getSettings(house.ada.ctx);
    expect(now).toMatchObject({
      version: 1,
      expiryHours: 72,
      selectors: ['env:prod'],
      updatedBy: house.ada.email,
      problem: null,
    });
    const { selectors, expiryHours, allowSamePerson } = now;
    const stages = [{ name: 'Owners', approvers: 3, roles: ['admin' as const] }];
    const input = { selectors, expiryHours, allowSamePerson, stages, version: 1 };
    const both = await Promise.allSettled([setSettings(house.ada.ctx, input), setSettings(house.ada.ctx, input)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'APPROVAL_SETTINGS_STALE' },
    });
    expect(await house.audited(house.tenant.id)).toHaveLength(2);
  });

  it('say how many pipelines each label fits, so that one that fits none is seen', async () => {
    const house = await openGoverned(db, 'counted', { selectors: ['env:prod', 'env', 'env:prdo'] });
    await house.pipeline('one');
    await house.pipeline('two', { labels: { env: 'test' } });
    await house.pipeline('three', { labels: {} });
    expect(await getSettings(house.ada.ctx)).toMatchObject({ pipelines: [1, 2, 0] });
  });

  it('set for the first time by two at once are set by one', async () => {
    const house = await openGoverned(db, 'first-rules');
    await db.owner`delete from approval_settings where tenant_id = ${house.tenant.id}`;
    const both = await Promise.allSettled([house.set({ version: 0 }), house.set({ version: 0 })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each<[string, string]>([
    ['a stage of no approvers', `stages = '[{"name":"Owners","approvers":0,"roles":["admin"]}]'`],
    ['an unknown role', `stages = '[{"name":"Owners","approvers":1,"roles":["boss"]}]'`],
    ['no stages', `stages = '[]'`],
    ['stages that are no list', `stages = '"all"'`],
    ['selectors that are no list', `selectors = 'null'`],
    ['no time', 'expiry_hours = 0'],
  ])('that cannot be read (%s) let nothing be published or applied, until they are set anew', async (what, change) => {
    const house = await openGoverned(db, `broken-${what.replaceAll(/\W+/g, '-')}`);
    const one = await house.person('one');
    const { pipelineId, id } = await house.request('waiting');
    const unlabelled = await house.pipeline('unlabelled', { labels: {} });
    await db.owner.unsafe(`update approval_settings set ${change} where tenant_id = '${house.tenant.id}'`);
    const unreadable = refusal('APPROVAL_SETTINGS_INVALID', 'nothing goes live');
    for (const ref of [pipelineId, unlabelled])
      await expect(publishVersion(house.ada.ctx, { id: ref })).rejects.toMatchObject(unreadable);
    await expect(approve(one, id)).rejects.toMatchObject(unreadable);
    expect([await house.liveOf(pipelineId), await house.liveOf(unlabelled), await house.votesOf(id)]).toEqual([
      1, 1, 0,
    ]);
    expect(await getSettings(house.ada.ctx)).toMatchObject({ problem: expect.stringContaining('cannot be read') });
    await house.set({ version: 1 });
    expect(await approve(one, id)).toMatchObject({ state: 'applied' });
  });

  it('of a request that were changed to an unknown role let nobody approve it', async () => {
    const { pipelineId, id } = await acme.request('unknown-role');
    await db.owner`update approval_stages set roles = '{boss}' where request_id = ${id}`;
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS'));
    await db.owner`delete from approval_stages where request_id = ${id}`;
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_SETTINGS_INVALID'));
    expect(await acme.liveOf(pipelineId)).toBe(1);
  });
});
