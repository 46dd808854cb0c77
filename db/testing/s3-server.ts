// A real S3 server of a test's own, over a folder of its own, on a free port.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findVersitygw } from './components.ts';
import { requireComponent } from './require.ts';

const READY_MS = 60_000;
/** Below the range from which the system takes ports for outgoing connections, so that a free one stays free. */
const [FIRST_PORT, LAST_PORT] = [18_000, 31_000];

export type S3Server = {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** An empty bucket that is there already. */
  bucket: string;
  /** Ends it without a word, as a crash does. */
  stop(): Promise<void>;
};

/** Whether tests with an S3 server can run here; a missing one is said aloud. */
export const hasS3Server = (): boolean =>
  requireComponent('versitygw', findVersitygw() !== null, 'bin/tools versitygw');

/** Starts it; ends with `stop`, or with this process. */
export async function startS3Server(): Promise<S3Server> {
  const binary = findVersitygw();
  if (!binary) throw new Error('versitygw is missing: get it with `bin/tools versitygw`');
  const folder = await mkdtemp(join(tmpdir(), 'mainspring-s3-'));
  const bucket = 'test-bucket';
  await mkdir(join(folder, bucket));
  const port = await freePort();
  const credentials = { accessKeyId: 'test', secretAccessKey: randomBytes(12).toString('hex') };
  const child = spawn(binary, ['--port', `127.0.0.1:${port}`, 'posix', folder], {
    env: {
      ...{ NODE_ENV: 'test', HOME: folder },
      ...{ ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    },
    stdio: 'ignore',
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswering(child, endpoint);
  return {
    ...{ endpoint, region: 'us-east-1', credentials, bucket },
    async stop() {
      process.off('exit', kill);
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        kill();
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilAnswering(child: ChildProcess, endpoint: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    // Without a signature it refuses, and that is an answer.
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`versitygw did not answer at ${endpoint}`);
}

async function freePort(): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`);
}
