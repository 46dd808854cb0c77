// Runs on the Node.js that the machine has (20 or newer), before anything is installed: plain JavaScript, no
// imports but Node's own. Installs the dependencies when package-lock.json changed since the last time, and
// prints the path of a Node.js 24 that can run Mainspring. Everything else goes to standard error.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.mainspring-installed');
const neededMajor = 24;

try {
  installWhenChanged();
  process.stdout.write(`${findNode()}\n`);
} catch (error) {
  process.stderr.write(`mainspring: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function installWhenChanged() {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = createHash('sha256').update(`${process.platform} ${process.arch}\n${lockText}`).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8').trim() === stamp) return;
  if (!isInstalledByNpm(JSON.parse(lockText))) {
    refuseWhileRunning();
    const startedAtMs = Date.now();
    process.stderr.write('mainspring: installing the dependencies (a minute or two the first time) …\n');
    // devDependencies hold what builds the pages, also where NODE_ENV=production is set.
    const { status, error } = runNpm(['ci', '--include=dev', '--no-audit', '--no-fund'], root);
    if (status !== 0) {
      throw new Error(`"npm ci" failed${error ? ` (${error.message})` : ''}; its output is above. Then start again.`);
    }
    process.stderr.write(`mainspring: installed in ${Math.round((Date.now() - startedAtMs) / 1000)} s\n`);
  }
  try {
    writeFileSync(stampFile, `${stamp}\n`);
  } catch {
    // Read-only dependencies: the comparison above is made again the next time.
  }
}

/** Whether somebody's own "npm install" already left exactly what the lock file names. */
function isInstalledByNpm(lock) {
  const hiddenFile = join(modules, '.package-lock.json');
  if (!existsSync(hiddenFile)) return false;
  const installed = JSON.parse(readFileSync(hiddenFile, 'utf8')).packages ?? {};
  return Object.entries(lock.packages ?? {}).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages of other platforms are rightly absent.
    if (!found) return Boolean(wanted.optional || wanted.devOptional || wanted.peer);
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** "npm ci" deletes node_modules, which a running Mainspring loads from. */
function refuseWhileRunning() {
  const home = resolve(process.env.MAINSPRING_HOME || join(root, '.mainspring'));
  let pid;
  try {
    pid = JSON.parse(readFileSync(join(home, 'running.json'), 'utf8')).self.pid;
  } catch {
    return;
  }
  const shown = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : shown.stdout;
  if (command?.includes('start.ts')) {
    throw new Error(`the dependencies changed, but Mainspring is running as process ${pid}. Stop it first.`);
  }
}

/** @returns {string} the pinned Node.js, the machine's own when that is new enough, or one fetched now */
function findNode() {
  const platformPackage = `${process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${process.platform}-${process.arch}`;
  const pinned = [
    join(modules, 'node', 'bin', 'node'),
    join(modules, 'node', 'node_modules', platformPackage, 'bin', 'node'),
    join(modules, platformPackage, 'bin', 'node'),
  ];
  const found = [...pinned, process.execPath].find(isNewEnough);
  if (found) return found;
  // Its install script did not run (npm --ignore-scripts, or an npm that asks first): run it now.
  process.stderr.write(`mainspring: fetching Node.js ${neededMajor} …\n`);
  const folder = join(modules, 'node');
  spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    env: npmEnvironment(),
  });
  const fetched = pinned.find(isNewEnough);
  if (fetched) return fetched;
  throw new Error(
    `Node.js ${neededMajor} is needed and could not be fetched through npm. Install Node.js ${neededMajor} on this machine, or delete node_modules and start again with network access.`,
  );
}

function isNewEnough(path) {
  if (!existsSync(path)) return false;
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 && Number.parseInt(stdout.replace('v', ''), 10) >= neededMajor;
}

function runNpm(args, cwd) {
  return spawnSync('npm', args, { cwd, stdio: ['ignore', 2, 2], env: npmEnvironment() });
}

/** Without node_modules/.bin in PATH: "npm ci" deletes the Node.js that it would find there while running on it. */
function npmEnvironment() {
  const kept = (process.env.PATH ?? '').split(delimiter).filter((folder) => resolve(folder) !== join(modules, '.bin'));
  return { ...process.env, PATH: kept.join(delimiter) };
}
