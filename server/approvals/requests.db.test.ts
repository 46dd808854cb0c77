import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { approveChange, publishVersion, saveIr } from '#server/pipelines/index.ts';
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
