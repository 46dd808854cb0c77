// What `mainspring apply` has told by the time that it fails in the middle.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMainspringClient } from 'mainspring/client';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { copyTable } from '#server/runs/testing/index.ts';
import { openInstallation } from '#workers/testing/installation.ts';
import { apply } from './apply.ts';

const db = await testDatabase();
const there = await openInstallation(db, 'portions');
const apiKey = await there.key();
const folder = await mkdtemp(join(tmpdir(), 'mainspring-apply-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
await there.shop.sql('create table numbers (n int); create table copies (n int)');

/** Of the first request they fill, and two of the second. */
const names = Array.from({ length: 52 }, (_, n) => `pipeline-${String(n).padStart(2, '0')}`);
const documentOf = (name: string) => ({
  ...{ kind: 'pipeline', version: '1.0', metadata: { name }, nodes: copyTable('numbers', 'copies') },
});

it.each([
  ['as a table', false],
  ['as JSON', true],
])('what the requests before it did is told %s when one fails', { timeout: 120_000 }, async (_, isJson) => {
  const file = join(folder, 'all.json');
  await writeFile(file, JSON.stringify(names.map(documentOf)));
  let applies = 0;
  const client = createMainspringClient({
    ...{ baseUrl: there.baseUrl, apiKey, retry: { attempts: 1 } },
    fetch: async (input, init) => {
      if (String(input).includes('applyDocuments') && ++applies > 1) throw new TypeError('the connection was reset');
      return fetch(input, init);
    },
  });
  const printed: string[] = [];
  const context = { client, isJson, print: (text: string) => void printed.push(text) };
  const applying = apply(context, { files: [file], publish: false, yes: true });
  await expect(applying).rejects.toMatchObject({ code: 'UNREACHABLE' });
  const stored = await db.owner<{ name: string }[]>`select name from pipelines order by name`;
  expect(stored.map(({ name }) => name)).toEqual(names.slice(0, 50));
  const told = printed.join('');
  const toldOf = isJson
    ? (JSON.parse(told) as { name: string }[]).map(({ name }) => name)
    : [...told.matchAll(/^(pipeline-\d\d) /gm)].map((match) => match[1]);
  expect(toldOf).toEqual(names.slice(0, 50));
});

it('what only waits for approval is told before and after, and ends with 3, so that nobody takes it for deployed', async () => {
  const tenantId = there.shop.tenant.id;
  const [user] = await db.owner<{ id: string }[]>`insert into users (email) values ('ci@example.org') returning id`;
  await db.owner`insert into memberships (tenant_id, user_id, role) values (${tenantId}, ${user!.id}, 'admin')`;
  await db.owner`update api_keys set created_by = ${user!.id} where tenant_id = ${tenantId}`;
  await db.owner`insert into approval_settings (tenant_id, selectors, stages, expiry_hours, updated_by)
    values (${tenantId}, '["env:prod"]', '[{"name": "Owners", "approvers": 1, "roles": ["admin"]}]', 72, 'test')`;
  const governed = { ...documentOf('governed'), metadata: { name: 'governed', labels: { env: 'prod' } } };
  const file = join(folder, 'governed.json');
  await writeFile(file, JSON.stringify([documentOf('free'), governed]));
  const client = createMainspringClient({ baseUrl: there.baseUrl, apiKey });
  const printed: string[] = [];
  const context = { client, isJson: false, print: (text: string) => void printed.push(text) };
  const said = async (options: { publish: boolean; yes: boolean }) => {
    printed.length = 0;
    return [await apply(context, { files: [file], ...options }), printed.join('')];
  };
  expect(await said({ publish: true, yes: false })).toEqual([
    ...[0, expect.stringMatching(/free +create *\ngoverned +create, needs approval/)],
  ]);
  // Saving alone asks nobody.
  expect(await said({ publish: false, yes: false })).toEqual([0, expect.not.stringContaining('approval')]);
  expect(await said({ publish: true, yes: true })).toEqual([
    ...[3, expect.stringMatching(/free +created +1 +live *\ngoverned +waiting +1 +version 1 is saved and waits/)],
  ]);
});
