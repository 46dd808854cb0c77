import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createPipeline, publishVersion, saveIr } from '#server/pipelines/index.ts';
import { approve, type Governed, openGoverned, type Person, refusal } from '#server/pipelines/testing/index.ts';
import { rejectRequest, withdrawRequest } from './decide.ts';
import { getRequest } from './get-request.ts';

const db = await testDatabase();
let acme: Governed;
let bea: Person;
let cid: Person;

beforeAll(async () => {
  acme = await openGoverned(db, 'acme');
  bea = await acme.person('bea');
  cid = await acme.person('cid', 'operator');
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
