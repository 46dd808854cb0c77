// A real publisher process for tests that stop, freeze and kill it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { COMPILED } from './compiled.ts';

const SCRIPT = fileURLToPath(new URL('../outbox-publisher.ts', import.meta.url));
const READY_MS = 60_000;

export type PublisherDatabase = { ownerUrl: string; rolePrefix: string; passwords: { worker: string } };
export type PublisherProcess = {
  name: string;
  livenessFile: string;
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Resolves with the exit code; null after a kill. */
  exited: Promise<number | null>;
  hasExited(): boolean;
  /** What it logged, and what else it wrote. */
  output(): string;
  lines(): { level: string; msg: string; errorId?: string; isTransient?: boolean; lane?: number }[];
  /** It has completed a turn, and so hears signals. */
  isReady(): Promise<boolean>;
  untilReady(): Promise<void>;
  /** Resident memory in bytes; null where /proc does not tell or the process is gone. */
  residentBytes(): Promise<number | null>;
};

const running = new Set<ChildProcess>();

/** Starts one with its liveness file in `home`; whatever still runs when the test file is done is killed. */
export function startPublisher(
  db: PublisherDatabase,
  home: string,
  name: string,
  env: Record<string, string>,
): PublisherProcess {
  const livenessFile = join(home, `${name}.alive`);
  const child = spawn(process.execPath, [SCRIPT], {
    env: {
      ...{
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: COMPILED,
        NODE_ENV: 'test',
        DATABASE_URL: db.ownerUrl,
        ROLE_PREFIX: db.rolePrefix,
      },
      ...{ WORKER_PASSWORD: db.passwords.worker, PROCESS_NAME: name, MAINSPRING_HOME: home },
      ...{ OUTBOX_LEASE_MS: '1000', OUTBOX_POLL_INTERVAL_MS: '100', OUTBOX_BATCH_SIZE: '50' },
      ...{ OUTBOX_LIVENESS_FILE: livenessFile, OUTBOX_BACKOFF_MAX_MS: '20' },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => text.push(chunk.toString()));
  if (running.size === 0) killAllAfterwards();
  running.add(child);
  const exited = once(child, 'close').then(() => {
    running.delete(child);
    return child.exitCode;
  });
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const isReady = () =>
    stat(livenessFile).then(
      () => true,
      () => false,
    );
  return {
    ...{ name, livenessFile, exited, hasExited, isReady },
    signal: (signal) => void child.kill(signal),
    output: () => text.join(''),
    lines: () =>
      text
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line)),
    async untilReady() {
      const deadline = Date.now() + READY_MS;
      while (!(await isReady())) {
        if (hasExited()) throw new Error(`${name} ended with ${child.exitCode}:\n${text.join('')}`);
        if (Date.now() > deadline) throw new Error(`${name} was not ready after ${READY_MS} ms:\n${text.join('')}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const found = /VmRSS:\s+(\d+) kB/.exec(status);
      return found ? Number(found[1]) * 1_024 : null;
    },
  };
}

let isRegistered = false;
function killAllAfterwards(): void {
  if (isRegistered) return;
  isRegistered = true;
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
  });
}
