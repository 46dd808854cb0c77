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
