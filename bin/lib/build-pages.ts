import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compressAssets } from './compress-assets.ts';

/** Everything that goes into the pages. From server/ they take only types, which leave no trace in the build. */
const sources = ['app/**/*', 'public/**/*', 'vite.config.ts', 'remix.config.js', 'tsconfig.json', 'package-lock.json'];

/**
 * Builds the pages into build/ unless nothing they are made from has changed since the last time.
 * @returns whether it built. Throws with the end of the build's output when it fails.
 */
export async function buildPages(options: {
  rootDir: string;
  log: (message: string) => void;
  signal?: AbortSignal;
}): Promise<boolean> {
  const { rootDir, log, signal } = options;
  const stampFile = join(rootDir, 'build', '.mainspring-built');
  const stamp = await hashSources(rootDir);
  const built = await readFile(stampFile, 'utf8').catch(() => '');
  if (built.trim() === stamp && existsSync(join(rootDir, 'build/server/index.js'))) return false;
  log('building the pages …');
  const startedAtMs = Date.now();
  // First, so that a build killed in the middle counts as none.
  await rm(stampFile, { force: true });
  await runBuild(rootDir, signal);
  await compressAssets(join(rootDir, 'build/client'));
  await writeFile(stampFile, `${stamp}\n`);
  log(`built the pages in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`);
  return true;
}

async function hashSources(rootDir: string): Promise<string> {
  const files: string[] = [];
  for await (const entry of glob(sources, { cwd: rootDir, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  const hash = createHash('sha256').update(process.version);
  for (const file of files.sort()) {
    hash.update(`\n${file.slice(rootDir.length)}\n`);
    hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

async function runBuild(rootDir: string, signal: AbortSignal | undefined): Promise<void> {
  const cli = join(rootDir, 'node_modules/@remix-run/dev/dist/cli.js');
  let output = '';
  const child = spawn(process.execPath, [cli, 'vite:build'], {
    cwd: rootDir,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The pages could not be built:\n${output.trim().split('\n').slice(-40).join('\n')}`);
}
