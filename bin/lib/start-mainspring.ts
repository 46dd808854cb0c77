import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#db/atomic-file.ts';
import { openPool } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { ensureHome, ensureSecrets } from '#db/secrets.ts';
import { findInstanceOperator } from '#server/accounts/index.ts';
import { seedDemo } from '#server/demo/index.ts';
import type { Environment } from '#server/env.ts';
import { buildPages } from './build-pages.ts';
import { printDevelopmentLog } from './development-log.ts';
import { checkPortFree, waitForOk } from './http-ready.ts';
import { keepDatabase } from './keep-database.ts';
import { restartOnChange } from './restart-on-change.ts';
import { lockHome } from './running.ts';
import type { Shutdown } from './shutdown.ts';
import { type Supervised, supervise } from './supervise.ts';

const readyTimeoutMs = 120_000;

export type StartOptions = {
  rootDir: string;
  environment: Environment;
  isDevelopment: boolean;
  log: (message: string) => void;
  /** Aborted when the user wants to stop, also in the middle of starting. */
  signal: AbortSignal;
};

export type Started = {
  baseUrl: string;
  /** How to get in, and the file that tells scripts; null without the demo tenant. */
  demo: { login: { email: string; password: string }; file: string } | null;
  /** False: nobody can sign in before `mainspring init`. */
  isInitialised: boolean;
  /** Rejects when web or worker cannot be kept running. */
  failed: Promise<never>;
};

/**
 * Brings the whole product up, in the order in which the parts need one another. Whatever was started is put on
 * `shutdown`, which undoes it backwards: web and worker drain before the database stops.
 */
export async function startMainspring(options: StartOptions, shutdown: Shutdown): Promise<Started> {
  const { rootDir, environment: env, isDevelopment, log, signal } = options;
  const home = env.MAINSPRING_HOME;
  const baseUrl = env.PUBLIC_URL ?? `http://localhost:${env.PORT}`;
  await ensureHome(home);
  const lock = await lockHome(home, baseUrl, log);
  shutdown.add(() => lock.release());
  await checkPortFree(env.HOST, env.PORT, 'PORT');
  await checkPortFree(env.WORKER_HOST, env.WORKER_PORT, 'WORKER_PORT');

  const secrets = await ensureSecrets(home);
  const passwords = {
    app: env.APP_PASSWORD ?? secrets.appPassword,
    worker: env.WORKER_PASSWORD ?? secrets.workerPassword,
  };
  const ownerUrl = env.DATABASE_URL ?? (await startDatabase(home, log, shutdown));
  signal.throwIfAborted();
  await migrate({ ownerUrl: env.DATABASE_DIRECT_URL ?? ownerUrl, rolePrefix: env.ROLE_PREFIX, passwords, log });
  signal.throwIfAborted();

  await mkdir(env.FILES_DIR, { recursive: true, mode: 0o700 });
  const demo = env.DEMO ? await seedDemo({ ownerUrl, secret: secrets.demoSecret, log }) : null;
  if (!isDevelopment) await buildPages({ rootDir, log, signal });
  signal.throwIfAborted();

  const cronSecret = env.CRON_SECRET ?? secrets.cronSecret;
  const childEnv = {
    ...process.env,
    NODE_ENV: isDevelopment ? 'development' : 'production',
    MAINSPRING_HOME: home,
    // Node's own: what a process has compiled, the next one reads, so that a restart takes two thirds of the time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(home, 'compiled'),
    DATABASE_URL: ownerUrl,
    FILES_DIR: env.FILES_DIR,
    CRON_SECRET: cronSecret,
    ENCRYPTION_KEY: env.ENCRYPTION_KEY ?? secrets.encryptionKey,
    APP_PASSWORD: passwords.app,
    WORKER_PASSWORD: passwords.worker,
  };
  const start = (name: string, script: string) =>
    supervise({
      name,
      args: [script],
      cwd: rootDir,
      env: childEnv,
      logFile: join(home, 'logs', `${name}.log`),
      onOutput: isDevelopment ? printDevelopmentLog(name) : undefined,
      afterCrash: isDevelopment ? 'wait' : 'restart',
      drainMs: (env.SHUTDOWN_DRAIN_SECONDS + 5) * 1000,
      log,
      onStarted: (pid) => lock.addChild(pid),
    });
  const children = await startBoth(start, shutdown);
  if (isDevelopment) restartOnChange(rootDir, children, log, signal);
  const failed = Promise.race(children.map((child) => child.failed));
  failed.catch(() => undefined);

  const origin = (host: string, port: number) =>
    `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`;
  const webUrl = origin(env.HOST, env.PORT);
  const workerUrl = origin(env.WORKER_HOST, env.WORKER_PORT);
  const addresses = [webUrl, workerUrl].flatMap((url) => [`${url}/livez`, `${url}/readyz`]);
  await Promise.race([Promise.all(addresses.map((url) => waitForOk(url, readyTimeoutMs, signal))), failed]);
  for (const child of children) child.markReady();

  const isInitialised = await hasInstanceOperator(ownerUrl);
  if (demo === null) return { baseUrl, demo: null, isInitialised, failed };
  const file = join(home, 'demo.json');
  const content = { baseUrl: webUrl, workerUrl, ...demo, cronSecret };
  await writeFileAtomically(file, `${JSON.stringify(content, null, 2)}\n`, 0o600);
  return { baseUrl, demo: { login: demo.login, file }, isInitialised, failed };
}

async function hasInstanceOperator(ownerUrl: string): Promise<boolean> {
  const pool = openPool({ url: ownerUrl, max: 1, applicationName: 'mainspring start' });
  try {
    return (await findInstanceOperator(pool)) !== null;
  } finally {
    await pool.end({ timeout: 5 });
  }
}

async function startDatabase(home: string, log: (message: string) => void, shutdown: Shutdown): Promise<string> {
  const database = await keepDatabase(home, log);
  shutdown.add(() => database.stop());
  return database.url;
}

/** One entry for both, so that they drain side by side. */
async function startBoth(
  start: (name: string, script: string) => Promise<Supervised>,
  shutdown: Shutdown,
): Promise<Supervised[]> {
  const children: Supervised[] = [];
  shutdown.add(
    async () => {
      await Promise.all(children.map((child) => child.stop()));
    },
    () => {
      for (const child of children) child.kill();
    },
  );
  children.push(await start('web', 'server/main.ts'));
  children.push(await start('worker', 'workers/worker.ts'));
  return children;
}
