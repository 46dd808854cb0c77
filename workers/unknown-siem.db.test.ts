// Both processes serve the route of siem-ship: whichever an operator looks at says that the backend is none.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';

const db = await testDatabase();
const home = await mkdtemp(join(tmpdir(), 'mainspring-siem-'));
afterAll(() => rm(home, { recursive: true, force: true }));

const WARNING = 'is not one of splunk, datadog, elastic: nothing is shipped';
/** A start takes seconds, on a swamped machine tens of them. */
const START_MS = 90_000;

/** The first line that the process logs at warn; the process is ended then. */
function firstWarning(script: string, env: Record<string, string>): Promise<{ level: string; msg: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url))], {
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: 'production', DATABASE_URL: db.ownerUrl, ROLE_PREFIX: db.rolePrefix },
      ...{ APP_PASSWORD: db.passwords.app, WORKER_PASSWORD: db.passwords.worker, MAINSPRING_HOME: home },
      ...{ LOG_LEVEL: 'warn', PROCESS_NAME: 'unknown-siem', ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  return new Promise<{ level: string; msg: string }>((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`${script} warned of nothing:\n${said}`)), START_MS);
    const look = (chunk: Buffer) => {
      said += chunk;
      // Whole lines only.
      const lines = said.split('\n').slice(0, -1);
      const line = lines.find((one) => one.includes('"level":"warn"'));
      if (line === undefined) return;
      clearTimeout(deadline);
      resolve(JSON.parse(line) as { level: string; msg: string });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', (code) => {
      clearTimeout(deadline);
      reject(new Error(`${script} ended with ${code}:\n${said}`));
    });
  }).finally(() => child.kill('SIGKILL'));
}

it.each([
  ['web', '../server/main.ts'],
  ['worker', './worker.ts'],
])(
  'the %s process warns at its start of a SIEM_BACKEND that there is not',
  async (tier, script) => {
    const line = await firstWarning(script, { SIEM_BACKEND: 'syslog' });
    expect(line).toMatchObject({ level: 'warn', tier, msg: `SIEM_BACKEND "syslog" ${WARNING}` });
  },
  START_MS + 30_000,
);
