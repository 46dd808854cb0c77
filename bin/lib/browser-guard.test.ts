import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterEach, describe, expect, it } from 'vitest';
import { browserGuard, isServerOnly } from './browser-guard.ts';

let rootDir = '';

/** Really builds a page made of these files. */
async function buildPage(files: Record<string, string>): Promise<void> {
  rootDir = await mkdtemp(join(tmpdir(), 'browser-guard-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(rootDir, path, '..'), { recursive: true });
    await writeFile(join(rootDir, path), text);
  }
  const input = join(rootDir, 'app/page.ts');
  await build({
    root: rootDir,
    configFile: false,
    logLevel: 'silent',
    plugins: [browserGuard()],
    build: { rollupOptions: { input } },
  });
}

describe('the browser guard', () => {
  afterEach(() => rm(rootDir, { recursive: true, force: true }));

  it('fails the build when a component pulls in server code, and names the importer', async () => {
    const files = {
      'app/page.ts': `import { secret } from '../server/lib/secret.ts'; document.title = secret();`,
      'server/lib/secret.ts': `export const secret = () => String(Math.random());`,
    };
    await expect(buildPage(files)).rejects.toThrow(/app\/page\.ts imports "\.\.\/server\/lib\/secret\.ts"/);
  });

  it("fails the build when a component imports one of Node's own modules", async () => {
    const files = { 'app/page.ts': `import { readFileSync } from 'node:fs'; document.title = String(readFileSync);` };
    await expect(buildPage(files)).rejects.toThrow(/app\/page\.ts imports "node:fs"/);
  });

  it('lets types through', async () => {
    const files = {
      'app/page.ts': `import type { Secret } from '../server/lib/secret.ts'; const title: Secret = 'x'; document.title = title;`,
      'server/lib/secret.ts': `export type Secret = string; export const secret = () => String(Math.random());`,
    };
    await expect(buildPage(files)).resolves.toBeUndefined();
  });

  it('knows packages of the server by name, wherever npm put them', () => {
    expect(isServerOnly('/r/node_modules/postgres/src/index.js', '/r')).toBe(true);
    expect(isServerOnly('/r/node_modules/x/node_modules/drizzle-orm/pg-core/index.js?v=1', '/r')).toBe(true);
    expect(isServerOnly('\0__vite-browser-external:node:fs', '/r')).toBe(true);
    expect(isServerOnly('/r/node_modules/react/index.js', '/r')).toBe(false);
    expect(isServerOnly('/r/app/server/widget.tsx', '/r')).toBe(false);
  });
});
