// The one route of data requests that is no procedure: who gets the bundle over HTTP, and how it is sent.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { readBundlesFrom } from '#server/dsar/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { bearer } from './testing/doors.ts';
import { makeFilledTenant, makeKey, makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const ZIP = 'not really a zip';
let mine: Awaited<ReturnType<typeof makeFilledTenant>>;
let theirs: Awaited<ReturnType<typeof makeFilledTenant>>;

beforeAll(async () => {
  [mine, theirs] = [await makeFilledTenant(db, 'mine'), await makeFilledTenant(db, 'theirs')];
  const store = openFolderStore(await mkdtemp(join(tmpdir(), 'bundles-')));
  readBundlesFrom(store);
  for (const { tenant } of [mine, theirs]) await store.put(`dsar/${tenant.id}/filled.zip`, ZIP);
  await db.owner`update dsar_bundles set size_bytes = ${ZIP.length}`;
});

const path = (id: string, query = '') => `/api/v1/dsar/${id}/download${query}`;
const ask = async (at: string, headers: Record<string, string> = {}) => {
  const response = await web.fetch(at, { headers });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
};

describe('the download of a bundle', () => {
  it('is for admins and keys that may read requests, as a file that nobody keeps', async () => {
    const id = mine.names.dsarId;
    const admin = { cookie: await makeSession(db, mine.tenant, 'admin') };
    const answer = await ask(path(id), admin);
    expect([answer.status, answer.text]).toEqual([200, ZIP]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...{ 'content-type': 'application/zip', 'content-length': String(ZIP.length) },
      ...{
        'cache-control': 'no-store, private',
        'x-content-type-options': 'nosniff',
      },
      'content-disposition': `attachment; filename="data-request-${id}.zip"`,
    });
    expect((await ask(path(id), bearer(await makeKey(db, mine.tenant, ['dsar:read'])))).status).toBe(200);
    for (const headers of [
      ...[
        { cookie: await makeSession(db, mine.tenant, 'viewer') },
        { cookie: await makeSession(db, mine.tenant, 'operator') },
      ],
      bearer(await makeKey(db, mine.tenant, ['retention:read', 'dsar:write'])),
    ])
      expect(await ask(path(id), headers)).toMatchObject({ status: 403, text: expect.stringContaining('FORBIDDEN') });
    expect((await ask(path(id))).status).toBe(401);
  });

  it('is not there for another tenant, for what is no id, and for a request that has none', async () => {
    const admin = { cookie: await makeSession(db, mine.tenant, 'admin') };
    for (const id of [theirs.names.dsarId, 'x', '00000000-0000-7000-8000-000000000000'])
      expect(await ask(path(id), admin)).toMatchObject({
        status: 404,
        text: expect.stringContaining('DSAR_NOT_FOUND'),
      });
    await db.owner`update dsar_bundles set expires_at = now() where tenant_id = ${mine.tenant.id}`;
    expect(await ask(path(mine.names.dsarId), admin)).toMatchObject({
      status: 404,
      text: expect.stringContaining('DSAR_BUNDLE_GONE'),
    });
    await db.owner`update dsar_bundles set expires_at = '2200-01-01' where tenant_id = ${mine.tenant.id}`;
  });

  it('by a link needs nobody to be signed in, and works for no other request', async () => {
    const id = mine.names.dsarId;
    const headers = { cookie: await makeSession(db, mine.tenant, 'admin'), origin: web.baseUrl };
    const made = await web.fetch(`/api/v1/dsar/${id}/link`, { method: 'POST', headers });
    const link = (await made.json()) as { path: string };
    expect(made.status).toBe(201);
    expect(await ask(link.path)).toMatchObject({ status: 200, text: ZIP });
    // Nor does a credential that is none any more stand in the way.
    for (const stale of [bearer('msk_gone'), { cookie: 'mainspring_session=gone' }])
      expect(await ask(link.path, stale)).toMatchObject({ status: 200, text: ZIP });
    expect(await ask(link.path.replace(id, theirs.names.dsarId))).toMatchObject({ status: 400 });
    expect(await ask(`${link.path}0`)).toMatchObject({ status: 400, text: expect.stringContaining('LINK_INVALID') });
    expect((await ask(path(id, '?token='))).status).toBe(400);
  });

  it('is not counted for who only asks whether it is there, as scanners of links do', async () => {
    const id = mine.names.dsarId;
    const count = async () =>
      (await db.owner<{ downloads: number }[]>`select downloads from dsar_bundles where request_id = ${id}`)[0]
        ?.downloads;
    const before = await count();
    const headers = { cookie: await makeSession(db, mine.tenant, 'admin') };
    const answer = await web.fetch(path(id), { method: 'HEAD', headers });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect(await count()).toBe(before);
  });
});
