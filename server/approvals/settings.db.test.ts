import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { publishVersion } from '#server/pipelines/index.ts';
import { approve, openGoverned, refusal } from '#server/pipelines/testing/index.ts';
import { setSettings } from './set-settings.ts';
import { getSettings } from './settings.ts';

const db = await testDatabase();

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
    // Of what cannot be read nobody knows what it asked for: it takes two to set them anew, too.
    const { changeRequest } = await house.set({ version: 1 });
    await expect(publishVersion(house.ada.ctx, { id: unlabelled })).rejects.toMatchObject(unreadable);
    expect(await approve(one, changeRequest!.id)).toMatchObject({ state: 'applied', version: 2 });
    expect(await approve(one, id)).toMatchObject({ state: 'applied' });
  });

  it('of a request that were changed to an unknown role let nobody approve it', async () => {
    const acme = await openGoverned(db, 'unknown-role');
    const bea = await acme.person('bea');
    const { pipelineId, id } = await acme.request('unknown-role');
    await db.owner`update approval_stages set roles = '{boss}' where request_id = ${id}`;
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_NOT_YOURS'));
    await db.owner`delete from approval_stages where request_id = ${id}`;
    await expect(approve(bea, id)).rejects.toMatchObject(refusal('APPROVAL_SETTINGS_INVALID'));
    expect(await acme.liveOf(pipelineId)).toBe(1);
  });
});
