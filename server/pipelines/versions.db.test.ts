import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { encodeCursor, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { getIr, getPipeline } from './get-pipeline.ts';
import { createPipeline, publishVersion, saveIr } from './index.ts';
import { listVersions } from './list-versions.ts';
import { documentOf, openTenant } from './testing/index.ts';
import { previewPipelineSql, validateDocument } from './validate-document.ts';

const db = await testDatabase();
let ctx: Ctx;
beforeAll(async () => {
  ctx = await openTenant(db, 'acme');
});

const audits = async (id: string) =>
  (await db.owner<{ action: string }[]>`select action from audit_log where target_id = ${id} order by id`).map(
    (row) => row.action,
  );

describe('creating a pipeline', () => {
  it('saves its first version, which is not live, with labels and an audit row', async () => {
    const document = documentOf('made', { description: 'Made here.', labels: { team: 'red', tier: '1' } });
    const { id, version } = await createPipeline(ctx, { document });
    expect(version).toBe(1);
    expect(await getPipeline(ctx, { id })).toMatchObject({
      ...{ id, name: 'made', description: 'Made here.', labels: { team: 'red', tier: '1' } },
      ...{ latestVersion: 1, liveVersion: null, schedule: null, nextFires: [], lastRunId: null, paused: null },
    });
    expect(await getIr(ctx, { id: 'made' })).toMatchObject({
      pipelineId: id,
      version: 1,
      createdBy: 'system:test',
      document,
    });
    expect(await audits(id)).toEqual(['pipeline.create']);
  });

  it('refuses a name that is taken, also when two come at once, and a document with problems', async () => {
    const document = documentOf('twice');
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => createPipeline(ctx, { document })));
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of outcomes.filter((one) => one.status === 'rejected'))
      expect(one.reason).toMatchObject({ code: 'PIPELINE_NAME_TAKEN' });
    const wrong = { ...documentOf('wrong'), nodes: [] };
    expect(() => createPipeline(ctx, { document: wrong })).toThrow(
      expect.objectContaining({ code: 'DOCUMENT_INVALID' }),
    );
  });

  it('takes the name of another tenant', async () => {
    const other = await openTenant(db, 'other');
    await createPipeline(ctx, { document: documentOf('same-name') });
    await createPipeline(other, { document: documentOf('same-name') });
  });
});

describe('saving a document', () => {
  it('adds a version, renames and relabels, and keeps the older one as it was', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('before', { labels: { a: '1', b: '2' } }) });
    const saved = await saveIr(ctx, { id, baseVersion: 1, document: documentOf('after', { labels: { b: '3' } }) });
    expect(saved.version).toBe(2);
    expect(await getPipeline(ctx, { id })).toMatchObject({ name: 'after', labels: { b: '3' }, latestVersion: 2 });
    expect(await getIr(ctx, { id, version: 1 })).toMatchObject({ document: { metadata: { name: 'before' } } });
    await expect(getPipeline(ctx, { id: 'before' })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    await expect(getIr(ctx, { id, version: 3 })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    expect(await audits(id)).toEqual(['pipeline.create', 'pipeline.save']);
  });

  it('that is already the latest makes no version', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('unchanged') });
    expect(await saveIr(ctx, { id, baseVersion: 1, document: documentOf('unchanged') })).toEqual({ id, version: 1 });
  });

  it('on top of another version than the latest is refused', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('stale') });
    await saveIr(ctx, { id, baseVersion: 1, document: documentOf('stale', { description: '2' }) });
    for (const baseVersion of [0, 1, 3]) {
      const save = saveIr(ctx, { id, baseVersion, document: documentOf('stale', { description: 'x' }) });
      await expect(save).rejects.toMatchObject({ code: 'VERSION_STALE', details: { latestVersion: 2, baseVersion } });
    }
  });

  it('under the name of another pipeline is refused', async () => {
    await createPipeline(ctx, { document: documentOf('taken') });
    const { id } = await createPipeline(ctx, { document: documentOf('taker') });
    await expect(saveIr(ctx, { id, baseVersion: 1, document: documentOf('taken') })).rejects.toMatchObject({
      code: 'PIPELINE_NAME_TAKEN',
    });
  });
});

describe('publishing', () => {
  it('makes the latest version live, or the one that is named', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('live') });
    await saveIr(ctx, { id, baseVersion: 1, document: documentOf('live', { description: '2' }) });
    expect(await publishVersion(ctx, { id })).toMatchObject({ id, version: 2 });
    expect(await publishVersion(ctx, { id, version: 1 })).toMatchObject({ version: 1 });
    expect(await getPipeline(ctx, { id })).toMatchObject({ liveVersion: 1, latestVersion: 2 });
    await expect(publishVersion(ctx, { id, version: 9 })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    expect(await audits(id)).toEqual(['pipeline.create', 'pipeline.save', 'pipeline.publish', 'pipeline.publish']);
  });

  it('refuses what does not compile, and leaves the live version alone', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('broken') });
    await publishVersion(ctx, { id });
    const nodes = [
      { id: 'src', kind: 'source', config: { type: 'table', table: 'no_such_table' } },
      { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: 't', mode: 'append' } },
    ];
    await saveIr(ctx, { id, baseVersion: 1, document: documentOf('broken', { nodes }) });
    await expect(publishVersion(ctx, { id })).rejects.toMatchObject({
      code: 'DOCUMENT_INVALID',
      details: {
        problems: expect.arrayContaining([expect.objectContaining({ pointer: expect.stringContaining('/nodes/0') })]),
      },
    });
    expect(await getPipeline(ctx, { id })).toMatchObject({ liveVersion: 1, latestVersion: 2 });
  });

  it('refuses a schedule that cannot be', async () => {
    const schedule = { kind: 'cron', expression: '0 0 31 2 *', timezone: 'UTC' };
    const { id } = await createPipeline(ctx, { document: documentOf('never', { schedule }) });
    await expect(publishVersion(ctx, { id })).rejects.toMatchObject({ code: 'DOCUMENT_INVALID' });
    expect(await db.owner`select from schedules where pipeline_id = ${id}`).toHaveLength(0);
  });
});

describe('validating', () => {
  it('gives the SQL of each node and creates nothing', async () => {
    const before = await db.owner`select id from pipelines`;
    const answer = await validateDocument(ctx, { document: documentOf('checked') });
    expect(answer).toMatchObject({ ok: true, problems: [] });
    expect(answer.nodes).toHaveLength(2);
    expect(await db.owner`select id from pipelines`).toHaveLength(before.length);
    const [made] =
      await db.owner`select to_regclass(schema_name || '.facts_copy')::text as made from tenants where slug = 'acme'`;
    expect(made).toEqual({ made: null });
  });

  it('gives all problems at once, each with its pointer', async () => {
    const nodes = [
      { id: 'src', kind: 'source', config: { type: 'table', table: 'facts' } },
      { id: 'one', kind: 'filter', inputs: ['src'], config: { where: 'nowhere > 1' } },
      { id: 'two', kind: 'filter', inputs: ['src'], config: { where: 'pg_sleep(1) is null' } },
      { id: 'tgt', kind: 'target', inputs: ['one'], config: { type: 'table', table: 'x', mode: 'append' } },
      { id: 'tgt2', kind: 'target', inputs: ['two'], config: { type: 'table', table: 'y', mode: 'append' } },
    ];
    const answer = await validateDocument(ctx, { document: documentOf('bad', { nodes }) });
    expect(answer).toMatchObject({ ok: false, nodes: [] });
    const pointers = answer.problems.map((problem) => problem.pointer);
    expect(pointers).toEqual(
      expect.arrayContaining([expect.stringContaining('/nodes/1'), expect.stringContaining('/nodes/2')]),
    );
  });

  it('leaves the caller’s transaction usable and itself as it was', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('previewed') });
    const preview = await transaction(db.app, { tenantId: ctx.tenant.id }, async (tx) => {
      const first = await previewPipelineSql({ ...ctx, tx }, { id });
      await getPipeline({ ...ctx, tx }, { id });
      return first;
    });
    expect(preview).toMatchObject({ version: 1, problems: [] });
    expect(preview.nodes).toHaveLength(2);
  });
});

describe('listing versions', () => {
  it('gives them newest first, a page at a time, with the live one marked and without documents', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('listed') });
    for (const [n, description] of ['second', 'third'].entries())
      await saveIr(ctx, { id, baseVersion: n + 1, document: documentOf('listed', { description }) });
    await publishVersion(ctx, { id, version: 2 });
    const first = await listVersions(ctx, { id: 'listed', limit: 2 });
    expect(first.items.map(({ version, isLive }) => [version, isLive])).toEqual([
      [3, false],
      [2, true],
    ]);
    expect(first.items[0]).toMatchObject({ createdBy: 'system:test', publishedAt: null });
    expect(first.items[1]!.publishedAt).not.toBeNull();
    expect(first.items[0]).not.toHaveProperty('document');
    const second = await listVersions(ctx, { id, limit: 2, cursor: first.nextCursor! });
    expect(second.items.map(({ version }) => version)).toEqual([1]);
    expect(second.nextCursor).toBeNull();
  });

  it('refuses a cursor that is none of its own', async () => {
    const { id } = await createPipeline(ctx, { document: documentOf('cursors') });
    for (const part of ['0', '-1', 'x', '1.5', '99999999999'])
      await expect(
        (async () => listVersions(ctx, { id, limit: 2, cursor: encodeCursor([part]) }))(),
      ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
