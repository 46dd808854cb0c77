import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InboxPathError, listInputs, openInbox } from './inbox.ts';

const filesDir = await mkdtemp(join(tmpdir(), 'mainspring-inbox-'));
afterAll(() => rm(filesDir, { recursive: true }));
const root = await openInbox(filesDir, 'shop');
await writeFile(join(filesDir, 'outside.csv'), '');
for (const name of ['a.csv', 'b.txt', 'c.json', `${'a'.repeat(60)}.csv`]) await writeFile(join(root, name), '');

const list = async (pattern: string) =>
  (await listInputs(root, { pattern, order: 'name', limit: 10 })).map((file) => file.path);

describe('listInputs', () => {
  it('finds the files of a pattern with one choice', async () => {
    expect(await list('?.{csv,txt}')).toEqual(['a.csv', 'b.txt']);
  });

  it.each(['/a.csv', '../*.csv', '{.,a}./*.csv', '+(a|aa)b', '{1..100000}', '*a*a*a*a*b'])(
    'does not give %s to the matcher, whoever let it through',
    (pattern) => expect(list(pattern)).rejects.toBeInstanceOf(InboxPathError),
  );
});
