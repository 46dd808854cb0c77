// Both operator-wired jobs as their callers see them from the outside.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { CRON_SECRET, openWeb } from '#server/http/testing/index.ts';
import { getOverview } from './policies.ts';
import { addRows, openKeeper } from './testing/index.ts';

const db = await testDatabase();
const folder = await mkdtemp(join(tmpdir(), 'job-blobs-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const blobs = openFolderStore(folder);
const web = await openWeb(db, { cron: { config: { ...UNCONFIGURED_JOBS, blobs } } });

const call = async (
  path: string,
  headers: Record<string, string> = { 'x-cron-secret': CRON_SECRET },
  method = 'POST',
) => {
  const answer = await web.fetch(`/api/v1/cron/${path}`, { method, headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('dsar-purge', () => {
  it('answers as its callers know it, by GET and POST, and deletes the blobs of what it purged', async () => {
    const keeper = await openKeeper(db, 'asked', 'strictest');
    await keeper.keep('decision_traces', 30);
    await addRows(db, keeper.tenant, { customerId: 'c', ageDays: 40, count: 2, location: 'attachments/asked' });
    for (const n of [1, 2]) await blobs.put(`attachments/asked/${n}`, 'x');
    const none = { decisionTraces: 0, interactionHistory: 0, aiAttachments: 0, blobsDeleted: 0, errors: [] };
    const due = { decisionTraces: 2, interactionHistory: 2, aiAttachments: 2 };
    const tenantId = keeper.tenant.id;
    expect(await call('dsar-purge?dryRun=1', undefined, 'GET')).toEqual({
      status: 200,
      body: {
        ...{ ok: true, dryRun: true, tenantsScanned: 1, totalBlobsAttempted: 0 },
        perTenant: [{ tenantId, retentionDays: 30, ...none, ...due }],
      },
    });
    expect(await call('dsar-purge', { authorization: `Bearer ${CRON_SECRET}` })).toEqual({
      status: 200,
      body: {
        ...{ ok: true, tenantsScanned: 1, totalBlobsAttempted: 2 },
        perTenant: [{ tenantId, retentionDays: 30, ...none, ...due, blobsDeleted: 2 }],
      },
    });
    expect(await blobs.delete('attachments/asked/1')).toBe('missing');
    expect(await call('dsar-purge')).toEqual({
      status: 200,
      body: {
        ok: true,
        tenantsScanned: 1,
        totalBlobsAttempted: 0,
        perTenant: [{ tenantId, retentionDays: 30, ...none }],
      },
    });
  });

  it('is known to run where only somebody outside calls it, and not by a count, one tenant or an operator', async () => {
    const { ctx } = await openKeeper(db, 'outside');
    const calledAt = async () => (await getOverview(ctx)).purge.calledAt;
    await db.owner`truncate cron_jobs, cron_runs`;
    expect(await getOverview(ctx)).toMatchObject({ purge: { schedule: null, calledAt: null } });
    await call('dsar-purge?dryRun=1');
    await call('dsar-purge?tenant=outside');
    expect(await calledAt()).toBeNull();
    await call('dsar-purge');
    const [run] = await db.owner<{ at: string }[]>`select max(started_at) as at from cron_runs where job = 'dsarPurge'`;
    expect(await calledAt()).toBe(new Date(run!.at).toISOString());
    // Once a week is regular still; what was called longer ago is called no more.
    await db.owner`update cron_runs set started_at = started_at - interval '7 days'`;
    expect(await calledAt()).not.toBeNull();
    await db.owner`update cron_runs set started_at = started_at - interval '36 hours'`;
    expect(await calledAt()).toBeNull();
    await db.owner`update cron_runs set started_at = now(), trigger = 'operator'`;
    expect(await calledAt()).toBeNull();
  });

  it('keeps of its URL what it knows, and answers as ever where there is more', async () => {
    await openKeeper(db, 'named');
    await db.owner`truncate cron_jobs, cron_runs`;
    const { status, body } = await call('dsar-purge?dryRun=1&tenant=named&secret=hunter2', undefined, 'GET');
    expect({ status, body }).toMatchObject({ status: 200, body: { ok: true, dryRun: true, tenantsScanned: 1 } });
    expect(await db.owner`select params from cron_runs`).toEqual([{ params: { dryRun: '1', tenant: 'named' } }]);
  });

  it.each(['dsar-purge', 'export-interactions'])('%s is refused without the secret', async (path) => {
    expect((await call(path, {})).status).toBe(401);
    expect((await call(path, { 'x-cron-secret': 'wrong' })).status).toBe(401);
  });
});

describe('export-interactions', () => {
  it('answers as its callers know it, and has written what it names', async () => {
    const keeper = await openKeeper(db, 'exported');
    await addRows(db, keeper.tenant, { customerId: 'e', ageDays: 3, count: 4 });
    const { status, body } = await call('export-interactions');
    expect(status).toBe(200);
    const tenants = body.tenants as { tenantId: string; files: string[]; filePath: string }[];
    const mine = tenants.find(({ tenantId }) => tenantId === keeper.tenant.id)!;
    expect(mine).toEqual({
      ...{ tenantId: keeper.tenant.id, tenantName: 'exported', exported: 4 },
      ...{ filePath: mine.files[0], files: [expect.stringMatching(/\.json$/)] },
    });
    expect(body).toEqual({ ok: true, totalExported: 4, tenants });
    expect((await readFile(join(folder, mine.filePath), 'utf8')).trimEnd().split('\n')).toHaveLength(4);
  });
});
