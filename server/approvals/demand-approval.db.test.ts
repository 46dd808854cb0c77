import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createPipeline, publishVersion, saveIr } from '#server/pipelines/index.ts';
import { approve, type Governed, openGoverned, type Person, refusal } from '#server/pipelines/testing/index.ts';
import { getRequest } from './get-request.ts';

const db = await testDatabase();
let acme: Governed;
let bea: Person;

beforeAll(async () => {
  acme = await openGoverned(db, 'acme');
  bea = await acme.person('bea');
});

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
