// The worker is down, and its publisher with it: the web process is what is left to say what waits in the outbox.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { freePorts } from './testing/ports.ts';

const db = await testDatabase();
const home = await mkdtemp(join(tmpdir(), 'mainspring-web-alone-'));
afterAll(() => rm(home, { recursive: true, force: true }));

const TOKEN = 'metrics-token-of-this-test';
const EVENTS = 7;
/** A start takes seconds, on a swamped machine tens of them. */
const START_MS = 120_000;

/** A web process of its own. It is asked for no page, so it has a build of none. */
async function startWeb(port: number): Promise<{ child: ChildProcess; output: () => string }> {
  await mkdir(join(home, 'build/server'), { recursive: true });
  await writeFile(join(home, 'build/server/index.js'), 'export const routes = {};\n');
  await writeFile(join(home, 'package.json'), '{"type":"module"}\n');
  const child = spawn(process.execPath, [fileURLToPath(new URL('../server/main.ts', import.meta.url))], {
    cwd: home,
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: 'production', DATABASE_URL: db.ownerUrl, ROLE_PREFIX: db.rolePrefix },
      ...{ APP_PASSWORD: db.passwords.app, WORKER_PASSWORD: db.passwords.worker, MAINSPRING_HOME: home },
      ...{ PORT: String(port), METRICS_TOKEN: TOKEN, PROCESS_NAME: 'web-alone', LOG_LEVEL: 'error' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  return { child, output: () => said };
}

it(
  'a web process shows in its metrics what waits while no publisher lives, and exits with 0',
  async () => {
    const tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
    await transaction(db.app, { tenantId }, async (tx) => {
      for (let n = 0; n < EVENTS; n += 1)
        await appendEvent(tx, { tenantId, type: 'thing.v1', key: `k${n}`, payload: { n } });
    });
    const [port = 0] = await freePorts(1);
    const { child, output } = await startWeb(port);
    const ended = once(child, 'exit');
    try {
      const shown = async () => {
        if (child.exitCode !== null) throw new Error(`the web process ended with ${child.exitCode}:\n${output()}`);
        const headers = { authorization: `Bearer ${TOKEN}` };
        const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers }).catch(() => null);
        return /^mainspring_outbox_pending_count (\d+)$/m.exec((await answer?.text()) ?? '')?.[1];
      };
      await expect.poll(shown, { timeout: START_MS, interval: 200 }).toBe(String(EVENTS));
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
    expect(child.exitCode, output()).toBe(0);
  },
  START_MS + 60_000,
);
