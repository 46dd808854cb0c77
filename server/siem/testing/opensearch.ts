// A real OpenSearch node of one process, in a folder and on a port of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOpenSearch } from '#db/testing/components.ts';
import { requireComponent } from '#db/testing/index.ts';

const READY_MS = 180_000;
/** OpenSearch refuses to run as root. */
const NOBODY = 65_534;
/** The runner takes the port after this one, and none from 9300 on. */
const FIRST_PORT = 9_201;
const LAST_PORT = 9_290;

export type OpenSearchNode = { url: string; stop(): Promise<void> };

/** Whether tests with OpenSearch can run here; a missing one is said aloud. */
export function hasOpenSearch(): boolean {
  const isThere = findOpenSearch() !== null && spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0;
  return requireComponent('OpenSearch', isThere, 'bin/tools opensearch');
}

/** Starts a node and waits until it answers. */
export async function startOpenSearch(): Promise<OpenSearchNode> {
  const dir = await mkdtemp(join(tmpdir(), 'mainspring-opensearch-'));
  const isRoot = process.getuid?.() === 0;
  // The jars may lie where only we can read.
  const libs = join(dir, 'libs');
  cpSync(findOpenSearch()!, libs, { recursive: true });
  const data = join(dir, 'node');
  await mkdir(data);
  if (isRoot) for (const path of [dir, data]) chownSync(path, NOBODY, NOBODY);
  const port = await freePort();
  const log = join(dir, 'node.log');
  const out = openSync(log, 'a');
  const runner = ['org.codelibs.opensearch.runner.OpenSearchRunner', '-basePath', data, '-numOfNode', '1'];
  const options = ['-baseHttpPort', String(port - 1), '-clusterName', `test-${port}`];
  const child = spawn('java', ['-Xmx512m', '-XX:+UseSerialGC', '-cp', join(libs, '*'), ...runner, ...options], {
    ...{ cwd: data, env: { ...process.env, HOME: data }, stdio: ['ignore', out, out] },
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await end(child);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilReady(child, url, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function untilReady(child: ChildProcess, url: string, log: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    const answer = await fetch(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`OpenSearch was not ready at ${url}:\n${readFileSync(log, 'utf8').slice(-4_000)}`);
}

async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    server.close();
    if (isFree) return port;
  }
  throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`);
}
