// `mainspring diff` and `apply` of documents that are larger than what a stranger's repository may have in one file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMainspringClient } from 'mainspring/client';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { MAX_YAML_BYTES } from '#server/ir/index.ts';
import { copyTable } from '#server/runs/testing/index.ts';
import { openInstallation } from '#workers/testing/installation.ts';
import { apply } from './apply.ts';
import { diff } from './diff.ts';

const db = await testDatabase();
const there = await openInstallation(db, 'large');
const client = createMainspringClient({ baseUrl: there.baseUrl, apiKey: await there.key() });
const folder = await mkdtemp(join(tmpdir(), 'mainspring-diff-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
await there.shop.sql('create table numbers (n int); create table copies (n int)');

it('a document of more than 128 KB is applied, in sync after it, and told with what differs when it is changed', async () => {
  const [from, to] = copyTable('numbers', 'copies');
  // A hundred steps that every row passes, each written at length.
  const where = `n is not null and n not in (${Array.from({ length: 300 }, (_, n) => -100_000 - n).join(', ')})`;
  const steps = Array.from({ length: 100 }, (_, at) => ({
    ...{ id: `kept_${at}`, kind: 'filter', inputs: [at === 0 ? from!.id : `kept_${at - 1}`], config: { where } },
  }));
  const documentOf = (description: string) => ({
    ...{ kind: 'pipeline', version: '1.0', metadata: { name: 'long-one', description } },
    nodes: [from, ...steps, { ...to!, inputs: ['kept_99'] }],
  });
  expect(JSON.stringify(documentOf('')).length).toBeGreaterThan(MAX_YAML_BYTES);
  const file = join(folder, 'long.json');
  const printed: string[] = [];
  const context = { client, isJson: false, print: (text: string) => void printed.push(text) };
  const say = async (description: string) => {
    await writeFile(file, JSON.stringify(documentOf(description)));
    printed.length = 0;
    return [await diff(context, { files: [file] }), printed.join('')];
  };
  expect(await say('first')).toEqual([1, 'long-one: missing\n']);
  expect(await apply(context, { files: [file], publish: false, yes: true })).toBe(0);
  expect(await say('first')).toEqual([0, 'long-one: in_sync\n']);
  expect(await say('second')).toEqual([1, 'long-one: changed\n  ~ metadata.description: "first" → "second"\n']);
});
