// A real worker process for tests that kill it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { TestDatabase } from '#db/testing/index.ts';
import { COMPILED } from './compiled.ts';

const SCRIPT = fileURLToPath(new URL('../worker.ts', import.meta.url));
/** A start takes seconds, on a swamped machine tens of them. */
const READY_MS = 90_000;

export type WorkerProcess = {
  name: string;
  url: string;
  /** All that it has printed so far. */
  output(): string;
  /** Ends it without a word, as a crash does. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
};

/** Starts a worker on a free port and waits until it is ready. What it logs at error is in the rejection. */
export async function startWorker(
  db: TestDatabase,
  options: { name: string; cronSecret: string; filesDir: string; env?: Record<string, string> },
): Promise<WorkerProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, [SCRIPT], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: COMPILED,
      NODE_ENV: 'test',
      DATABASE_URL: db.ownerUrl,
      ROLE_PREFIX: db.rolePrefix,
      WORKER_PASSWORD: db.passwords.worker,
      WORKER_PORT: String(port),
      CRON_SECRET: options.cronSecret,
      FILES_DIR: options.filesDir,
      PROCESS_NAME: options.name,
      LOG_LEVEL: 'error',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(child, url, output);
  return {
    name: options.name,
    url,
    output: () => output.join(''),
    kill: () => end(child, 'SIGKILL').then(() => undefined),
    stop: () => end(child, 'SIGTERM'),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
  };
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
  return child.exitCode;
}

async function waitUntilReady(child: ChildProcess, url: string, output: string[]): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}:\n${output.join('')}`);
    const isReady = await fetch(`${url}/readyz`)
      .then((answer) => answer.ok)
      .catch(() => false);
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`the worker was not ready after ${READY_MS} ms:\n${output.join('')}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
