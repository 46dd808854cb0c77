// Faults of a network: a proxy that can lose what passes through it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findToxiproxy } from '#db/testing/components.ts';
import { requireComponent } from '#db/testing/index.ts';
import { freePorts } from './ports.ts';

const GUARD = fileURLToPath(new URL('./kafka/guard.ts', import.meta.url));
const READY_MS = 30_000;

export type Way = {
  /** Nothing gets through and the connections are cut, until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** From now on answers are swallowed, and a connection is cut after `timeoutMs` (0: never), until `heal`. */
  swallowAnswers(timeoutMs: number): Promise<void>;
  /** Nothing passes in either direction and nobody is told, until `heal`. */
  blackHole(): Promise<void>;
  heal(): Promise<void>;
};
export type Toxiproxy = {
  /** Listens on a port (0: a free one) and passes on to `upstream`. */
  between(port: number, upstream: string): Promise<Way & { port: number }>;
  stop(): Promise<void>;
};

/** Whether tests with a faulty network can run here; a missing proxy is said aloud. */
export const hasToxiproxy = (): boolean =>
  requireComponent('toxiproxy', findToxiproxy() !== null, 'bin/tools toxiproxy');

/** Starts it; it ends with this process. */
export async function startToxiproxy(): Promise<Toxiproxy> {
  const server = findToxiproxy();
  if (!server) throw new Error('toxiproxy is missing: get it with `bin/tools toxiproxy`');
  const [port = 0] = await freePorts(1);
  const args = [GUARD, String(process.pid), '-', server, '-host', '127.0.0.1', '-port', String(port)];
  const child = spawn(process.execPath, args, { stdio: 'ignore', detached: true });
  const exited = once(child, 'exit');
  const call = async (method: string, path: string, body?: unknown): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  await waitUntil(() => call('GET', '/version'));

  const stop = async () => {
    if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGTERM');
    await exited;
  };
  return {
    stop,
    async between(wanted, upstream) {
      const listen = wanted || (await freePorts(1))[0];
      const name = `way-${listen}`;
      await call('POST', '/proxies', { name, listen: `127.0.0.1:${listen}`, upstream, enabled: true });
      const toxics = new Set<string>();
      const poison = async (stream: 'upstream' | 'downstream', timeout: number) => {
        toxics.add(stream);
        const toxic = { name: stream, type: 'timeout', stream, toxicity: 1, attributes: { timeout } };
        await call('POST', `/proxies/${name}/toxics`, toxic);
      };
      return {
        port: listen!,
        close: () => call('POST', `/proxies/${name}`, { enabled: false }),
        open: () => call('POST', `/proxies/${name}`, { enabled: true }),
        swallowAnswers: (timeoutMs) => poison('downstream', timeoutMs),
        async blackHole() {
          await poison('upstream', 0);
          await poison('downstream', 0);
        },
        async heal() {
          for (const toxic of toxics) await call('DELETE', `/proxies/${name}/toxics/${toxic}`);
          toxics.clear();
        },
      };
    },
  };
}

async function waitUntil(isReady: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    try {
      return await isReady();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
