import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process as itself: the number alone may have been given to another process since (also after a reboot). */
export type ProcessIdentity = { pid: number; mark: string };

/**
 * What distinguishes this process from any other that had or will have its number: boot and start time.
 * Null when no such process runs. A zombie does not run: in a container nobody may ever reap it.
 */
export async function findProcessMark(pid: number): Promise<string | null> {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  try {
    if (process.platform === 'linux') {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // The name in parentheses may itself hold spaces and parentheses: the fields start after the last one.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[0] === 'X') return null;
      const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      return `${bootId}/${fields[19]}`;
    }
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const line = stdout.trim();
    if (line === '' || line.startsWith('Z')) return null;
    return line.replace(/^\S+\s+/, '').replace(/\s+/g, ' ');
  } catch {
    return null;
  }
}

/** The identity of a running process; throws when it is gone. */
export async function getProcessIdentity(pid: number): Promise<ProcessIdentity> {
  const mark = await findProcessMark(pid);
  if (mark === null) throw new Error(`Process ${pid} is not running.`);
  return { pid, mark };
}

/** Whether exactly this process still runs. */
export async function isSameProcessRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await findProcessMark(identity.pid)) === identity.mark;
}

/** Whether any process with this number runs (a zombie does not). */
export async function isRunning(pid: number): Promise<boolean> {
  return (await findProcessMark(pid)) !== null;
}

/** The command line of a process, arguments separated by spaces; '' when it is gone. */
export async function readCommandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux')
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}

/**
 * The processes whose working directory is this folder. Linux only (elsewhere an empty list): it finds the
 * backends that outlive a postmaster killed with -9 while they are busy.
 */
export async function listProcessesIn(folder: string): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if ((await readlink(`/proc/${name}/cwd`)) === folder && (await isRunning(Number(name)))) found.push(Number(name));
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
  return found;
}

/** Waits until none of these processes runs; false when time is up first. */
export async function waitUntilGone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const running = await Promise.all(pids.map(isRunning));
    if (!running.includes(true)) return true;
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Sends a signal; false when the process is gone already. Throws when it belongs to somebody else. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
