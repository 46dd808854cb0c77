import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { postgresEnvironment, type RunAs } from './os-user.ts';
import { isRunning, listProcessesIn, readCommandLine, sendSignal, waitUntilGone } from './process-identity.ts';

const startTimeoutMs = 120_000; // recovery after kill -9 replays up to max_wal_size; seconds as a rule
const stopTimeoutMs = 30_000;
const immediateStopTimeoutMs = 10_000;

/**
 * Leaves the data folder with no process of an earlier start working on it.
 *
 * What may be there: a whole server whose starter was killed; a `postmaster.pid` that names a dead process or
 * one that got its number since (PostgreSQL would refuse to start); busy backends that outlived their killed
 * postmaster (PostgreSQL would refuse with "pre-existing shared memory block is still in use"). The server is
 * stopped rather than taken over: its programs may be of an older installation, and transactions of killed
 * workers end with it.
 */
export async function clearLeftovers(dataDir: string, log: (message: string) => void): Promise<void> {
  const pid = await findPostmasterPid(dataDir);
  if (pid !== null && (await isPostmasterOf(pid, dataDir))) {
    log(`stopping the database server that an earlier start left running (process ${pid})`);
    await stopPostmaster(pid, dataDir);
  }
  const strays = (await listProcessesIn(dataDir)).filter((stray) => stray !== process.pid);
  if (strays.length > 0) {
    log(`ending ${strays.length} database process(es) that outlived their server: ${strays.join(', ')}`);
    for (const stray of strays) sendSignal(stray, 'SIGKILL');
    await waitUntilGone(strays, immediateStopTimeoutMs);
  }
  await rm(join(dataDir, 'postmaster.pid'), { force: true });
}

async function findPostmasterPid(dataDir: string): Promise<number | null> {
  const lines = await readPidFile(dataDir);
  const pid = Number.parseInt(lines[0] ?? '', 10);
  return Number.isInteger(pid) && pid > 0 && (await isRunning(pid)) ? pid : null;
}

async function readPidFile(dataDir: string): Promise<string[]> {
  try {
    return (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
  } catch {
    return [];
  }
}

async function isPostmasterOf(pid: number, dataDir: string): Promise<boolean> {
  const commandLine = await readCommandLine(pid);
  return commandLine.includes('postgres') && commandLine.includes(dataDir);
}

/** Fast shutdown: transactions are rolled back, the data folder is left clean. Immediate when that takes too long. */
export async function stopPostmaster(pid: number, dataDir: string): Promise<void> {
  if (!sendSignal(pid, 'SIGINT')) return;
  if (await waitUntilGone([pid], stopTimeoutMs)) return;
  sendSignal(pid, 'SIGQUIT');
  if (await waitUntilGone([pid], immediateStopTimeoutMs)) return;
  const all = [pid, ...(await listProcessesIn(dataDir))];
  for (const one of all) sendSignal(one, 'SIGKILL');
  await waitUntilGone(all, immediateStopTimeoutMs);
}

export type Postmaster = {
  pid: number;
  /** Resolves when the server has ended, for whatever reason. */
  exited: Promise<void>;
};

/**
 * Starts the server and waits until it takes connections. It gets a session of its own, so that a Ctrl-C in the
 * terminal does not reach it before the workers have drained. Throws with the end of its log when it fails.
 */
export async function startPostmaster(options: {
  binaries: Binaries;
  dataDir: string;
  port: number;
  logFile: string;
  runAs: RunAs;
}): Promise<Postmaster> {
  const { binaries, dataDir, port, logFile, runAs } = options;
  const logHandle = await open(logFile, 'a', 0o600);
  const { size: logStart } = await logHandle.stat();
  let child: ChildProcess;
  try {
    child = spawn(binaries.postgres, ['-D', dataDir, '-p', String(port)], {
      cwd: dataDir.slice(0, dataDir.lastIndexOf('/')),
      env: postgresEnvironment(),
      stdio: ['ignore', logHandle.fd, logHandle.fd],
      detached: true,
      ...(runAs ?? {}),
    });
  } finally {
    await logHandle.close();
  }
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    // Line 8 is how pg_ctl knows: "ready" once connections are taken, behind the number of the process.
    const lines = await readPidFile(dataDir);
    if (child.pid !== undefined && lines[0] === String(child.pid) && lines[7]?.trim() === 'ready') {
      return { pid: child.pid, exited };
    }
    if (hasExited || Date.now() > deadline) {
      if (child.pid !== undefined && !hasExited) await stopPostmaster(child.pid, dataDir);
      throw new Error(`PostgreSQL did not start. The end of ${logFile}:\n${await readEnd(logFile, logStart)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function readEnd(logFile: string, from: number): Promise<string> {
  const text = (await readFile(logFile)).subarray(from).toString('utf8').trim();
  return text.split('\n').slice(-12).join('\n') || '(empty)';
}
