// docs/api.md promises that its examples work: here they are run as they stand there.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { testDatabase } from '#db/testing/index.ts';
import { copyTable } from '#server/runs/testing/index.ts';
import { openInstallation } from '#workers/testing/installation.ts';

const rootDir = resolve(fileURLToPath(new URL('..', import.meta.url)));
const page = await readFile(join(rootDir, 'docs/api.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

const db = await testDatabase();
const there = await openInstallation(db, 'docs');
const folder = await mkdtemp(join(tmpdir(), 'mainspring-docs-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
await there.shop.sql('create table numbers (n int primary key); insert into numbers select generate_series(1, 3)');
await there.shop.sql('create table copies (n int)');
const document = {
  ...{ kind: 'pipeline', version: '1.0', metadata: { name: 'copy-numbers', labels: { env: 'test' } } },
  nodes: copyTable('numbers', 'copies'),
};
await writeFile(join(folder, 'copy-numbers.json'), JSON.stringify(document));

const env = {
  NODE_ENV: 'test' as const,
  PATH: [join(rootDir, 'bin'), process.env.PATH].join(delimiter),
  HOME: folder,
  MAINSPRING_URL: there.baseUrl,
  MAINSPRING_API_KEY: await there.key(),
};
const shell = (script: string) => promisify(execFile)('sh', ['-euc', script], { cwd: folder, env });

describe('docs/api.md', () => {
  it('has shell examples that work, one after the other', async () => {
    const said: string[] = [];
    for (const block of blocks('sh')) said.push((await shell(block)).stdout);
    expect(said).toHaveLength(4);
    expect(said[0]).toMatch(/valid.*created.*3 in, 3 out.*copy-numbers.*unchanged/s);
    expect(JSON.parse(said[1]!).items).toMatchObject([{ name: 'copy-numbers' }]);
    expect(JSON.parse(said[2]!)).toEqual({ runId: expect.any(String) });
    expect(JSON.parse(said[3]!)).toMatchObject({ ok: true });
    for (const file of ['exported.yaml', 'pipelines/copy-numbers.yaml'])
      expect(parse(await readFile(join(folder, file), 'utf8'))).toMatchObject({
        ...{ kind: 'pipeline', metadata: { name: 'copy-numbers' } },
      });
    // A process for each command.
  }, 240_000);

  it('shows as TypeScript only what is an example that is run elsewhere', async () => {
    const files = await readdir(join(rootDir, 'client/examples'));
    const examples = await Promise.all(files.map((file) => readFile(join(rootDir, 'client/examples', file), 'utf8')));
    const shown = blocks('ts');
    expect(shown.length).toBeGreaterThan(0);
    for (const block of shown) expect(examples).toContain(block);
  });
});
