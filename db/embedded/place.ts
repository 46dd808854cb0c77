import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { canUseFolder, type RunAs } from './os-user.ts';
import { clearLeftovers } from './postmaster.ts';

const run = promisify(execFile);

/**
 * The folder that holds the database's files (`data/`) and, where needed, a copy of the server (`postgresql-…/`).
 *
 * Inside the home wherever PostgreSQL's user can enter it, so that the home can be moved and deleted as one. As
 * root, that user cannot enter /root or a 0700 folder: then a folder under /var/lib named by the home's path,
 * which survives a reboot, and only when that is not writable one under the temporary directory.
 *
 * @param recorded what an earlier start chose (relative to the home or absolute); its data is moved when
 *   PostgreSQL's user can no longer enter it, and its absence is an error: starting empty would look like data loss.
 */
export async function choosePlace(
  home: string,
  recorded: string | null,
  runAs: RunAs,
  log: (message: string) => void,
): Promise<{ place: string; record: string }> {
  const realHome = await realpath(home);
  const previous = recorded === null ? null : isAbsolute(recorded) ? recorded : join(realHome, recorded);
  if (previous !== null && !existsSync(join(previous, 'data'))) {
    throw new Error(
      `The database of ${home} was at ${previous} and is not there any more. Restore that folder, ` +
        `or delete ${join(home, 'embedded.json')} to begin with an empty database.`,
    );
  }
  const candidates = new Set([...(previous === null ? [] : [previous]), ...placesFor(realHome, runAs)]);
  const refused: string[] = [];
  for (const place of candidates) {
    const hadIt = existsSync(place);
    if (!(await preparePlace(place, runAs))) {
      refused.push(place);
      if (!hadIt) await rmdir(place).catch(() => undefined);
      continue;
    }
    if (previous !== null && place !== previous) await moveData(previous, place, log);
    await ensureOwner(join(place, 'data'), runAs);
    if (place.startsWith(tmpdir()) && !realHome.startsWith(tmpdir())) {
      log(
        `the database lives at ${place}: a reboot may clear that folder; give MAINSPRING_HOME a path that others may enter`,
      );
    }
    return { place, record: toRecord(realHome, place) };
  }
  throw new Error(
    `No folder for the database: tried ${refused.join(', ')}. Set MAINSPRING_HOME to a folder that can be written` +
      `${runAs ? ' and that the system user "postgres" may enter' : ''}.`,
  );
}

function placesFor(realHome: string, runAs: RunAs): string[] {
  const inside = join(realHome, 'postgres');
  if (runAs === null) return [inside];
  const name = `mainspring-${createHash('sha256').update(realHome).digest('hex').slice(0, 12)}`;
  return [inside, join('/var/lib', name), join(tmpdir(), name)];
}

function toRecord(realHome: string, place: string): string {
  const inside = relative(realHome, place);
  return inside.startsWith('..') || isAbsolute(inside) ? place : inside;
}

async function preparePlace(place: string, runAs: RunAs): Promise<boolean> {
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
    // Under a shared /tmp somebody else could have made this folder, or a link, beforehand.
    const found = await lstat(place);
    const owners = [process.getuid?.(), runAs?.uid];
    if (!found.isDirectory() || !owners.includes(found.uid)) return false;
    await chmod(place, 0o700);
    if (runAs) await chown(place, runAs.uid, runAs.gid);
  } catch {
    return false;
  }
  return canUseFolder(runAs, place);
}

async function moveData(from: string, to: string, log: (message: string) => void): Promise<void> {
  log(`moving the database from ${from} to ${to}, because PostgreSQL's user can no longer enter the former`);
  if (existsSync(join(to, 'data'))) {
    throw new Error(
      `${join(to, 'data')} exists already, so ${join(from, 'data')} was not moved there. Move one of them away.`,
    );
  }
  await clearLeftovers(join(from, 'data'), log);
  // A copy first and a rename last: killed in between, the old folder is still whole.
  const partial = join(to, 'data.moving');
  await rm(partial, { recursive: true, force: true });
  await run('cp', ['-a', join(from, 'data'), partial]);
  await run('mv', [partial, join(to, 'data')]);
  await rm(join(from, 'data'), { recursive: true, force: true });
}

async function ensureOwner(dataDir: string, runAs: RunAs): Promise<void> {
  if (!runAs || !existsSync(dataDir)) return;
  const { uid, gid } = await stat(dataDir);
  if (uid === runAs.uid && gid === runAs.gid) return;
  await run('chown', ['-R', `${runAs.uid}:${runAs.gid}`, dataDir]);
}
