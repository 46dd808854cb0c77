import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#db/atomic-file.ts';
import {
  getProcessIdentity,
  isSameProcessRunning,
  type ProcessIdentity,
  sendSignal,
  waitUntilGone,
} from '#db/embedded/process-identity.ts';

/** What `running.json` in a home says about the processes that work on it. */
type Record = { self: ProcessIdentity; baseUrl: string; children: ProcessIdentity[] };

const orphanDrainMs = 20_000;

export class AlreadyRunningError extends Error {
  override name = 'AlreadyRunningError';
}

export type HomeLock = {
  /** Notes a child, so that a later start can stop it should this process be killed. */
  addChild(pid: number): Promise<void>;
  release(): Promise<void>;
};

/**
 * Takes the home for this process. Throws AlreadyRunningError when another live one has it; a record left by a
 * killed process is taken over, and the children it left running are stopped first. A process number that now
 * belongs to somebody else counts as dead (boot and start time are compared).
 */
export async function lockHome(home: string, baseUrl: string, log: (message: string) => void): Promise<HomeLock> {
  const path = join(home, 'running.json');
  const record: Record = { self: await getProcessIdentity(process.pid), baseUrl, children: [] };
  const text = () => `${JSON.stringify(record, null, 2)}\n`;
  for (;;) {
    if (await createExclusively(path, text())) break;
    await clearStale(path, home, log);
  }
  // Children start side by side; each change writes the whole record, one after the other.
  let last = Promise.resolve();
  return {
    addChild: async (pid) => {
      const identity = await getProcessIdentity(pid).catch(() => null);
      const alive = await Promise.all(record.children.map(isSameProcessRunning));
      record.children = record.children.filter((_, index) => alive[index]);
      if (identity) record.children.push(identity);
      last = last.then(() => writeFileAtomically(path, text()));
      await last;
    },
    release: () => rm(path, { force: true }),
  };
}

/** Links a finished file into place: of two starts at once exactly one succeeds, and nobody reads half a record. */
async function createExclusively(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, text, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function clearStale(path: string, home: string, log: (message: string) => void): Promise<void> {
  const found = await readRecord(path);
  if (found && (await isSameProcessRunning(found.self))) {
    throw new AlreadyRunningError(
      `Mainspring is already running on ${home}: process ${found.self.pid}, ${found.baseUrl}. ` +
        'Stop it with Ctrl-C in its terminal, or give this one a home and ports of its own (MAINSPRING_HOME, PORT, WORKER_PORT).',
    );
  }
  // Moved away before it is judged: what another start has put there meanwhile is given back.
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readRecord(aside);
  if (moved && (await isSameProcessRunning(moved.self))) await link(aside, path).catch(() => undefined);
  else if (moved) await stopOrphans(moved.children, log);
  await rm(aside, { force: true });
}

async function readRecord(path: string): Promise<Record | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Record>;
    if (typeof value.self?.pid !== 'number' || typeof value.self.mark !== 'string') return null;
    return { self: value.self, baseUrl: value.baseUrl ?? '', children: value.children ?? [] };
  } catch {
    return null;
  }
}

async function stopOrphans(children: ProcessIdentity[], log: (message: string) => void): Promise<void> {
  const alive: number[] = [];
  for (const child of children) if (await isSameProcessRunning(child)) alive.push(child.pid);
  if (alive.length === 0) return;
  log(`stopping what an earlier start left running (process ${alive.join(', ')})`);
  for (const pid of alive) sendSignal(pid, 'SIGTERM');
  if (await waitUntilGone(alive, orphanDrainMs)) return;
  for (const pid of alive) sendSignal(pid, 'SIGKILL');
  await waitUntilGone(alive, 5_000);
}
