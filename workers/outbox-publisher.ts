// The publisher as a process of its own, so that a busy runner cannot hold events up.

import { openPool, type Pool, urlForRole } from '#db/client.ts';
import { roleNames } from '#db/roles.ts';
import { EXIT_BAD_ENVIRONMENT, env, orBadEnvironment, secretsOf } from '#server/env.ts';
import { heartbeat } from '#server/fleet/index.ts';
import type { Listening } from '#server/http/index.ts';
import {
  collectProcessMetrics,
  createLogger,
  keepOutOfLogs,
  logError,
  outliveLostConnections,
  warnOfPooler,
} from '#server/lib/index.ts';
import { listenForEvents } from '#server/outbox/index.ts';
import { createPublisherLoop, type PublisherLoop } from './publisher-loop.ts';
import { publisherSettings, publisherStopMs, requireWebhookUrl } from './publisher-settings.ts';

/** 30 consecutive failures that waiting does not cure: whoever started this process should look. */
const EXIT_GAVE_UP = 3;
const SIGN_OFF_MS = 2_000;
/** As long as the probe of OUTBOX_LIVENESS_FILE waits. */
const STALE_MS = 90_000;
keepOutOfLogs(secretsOf(env));
const log = createLogger({ level: env.LOG_LEVEL, tier: 'publisher' });

async function boot(): Promise<void> {
  const { DATABASE_URL: ownerUrl, WORKER_PASSWORD: password } = env;
  if (!ownerUrl || !password) {
    log.fatal(`${ownerUrl ? 'WORKER_PASSWORD' : 'DATABASE_URL'} must be set`);
    process.exit(EXIT_BAD_ENVIRONMENT);
  }
  orBadEnvironment(() => requireWebhookUrl(env));
  outliveLostConnections(log);
  collectProcessMetrics();
  const { worker: role } = roleNames(env.ROLE_PREFIX);
  const url = urlForRole(ownerUrl, role, password);
  const directUrl = urlForRole(env.DATABASE_DIRECT_URL ?? ownerUrl, role, password);
  warnOfPooler(log, { url, directUrl, isPooled: env.DATABASE_POOLED });
  const loop = createPublisherLoop({
    ...publisherSettings(env, url, log),
    name: env.PROCESS_NAME,
    livenessFile: env.OUTBOX_LIVENESS_FILE,
    onGivingUp: () => {
      log.fatal('outbox-publisher gives up after 30 consecutive failures');
      // What its other lanes have in flight is finished, and given to whoever goes on.
      void end(EXIT_GAVE_UP, EXIT_GAVE_UP);
    },
  });
  const beatPool = openPool({
    url,
    // The other is for who asks on the port, which a beat must not wait for.
    max: 2,
    applicationName: 'mainspring publisher heartbeat',
    prepare: !env.DATABASE_POOLED,
  });
  const beats = heartbeat({ pool: beatPool, log, processId: env.PROCESS_NAME, tier: 'publisher', version: '0.1.0' });
  // Before it takes a lane: one whose port is taken ends here.
  const server = await openPort(beatPool, loop);
  const events = listenForEvents(directUrl, log);
  loop.start();
  void beats.start();
  log.info({ backend: env.EVENT_PUBLISHER, pollMs: env.OUTBOX_POLL_INTERVAL_MS }, 'outbox-publisher started');

  let isStopping = false;
  /** Ends the process with `exitCode`; with `lateExitCode` when something does not end in time. */
  async function end(exitCode: number, lateExitCode: number): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(lateExitCode), publisherStopMs(env) + SIGN_OFF_MS + 1_000).unref();
    try {
      await loop.stop();
      // A database that is away must not keep the process: its row is forgotten by itself. Nor must whoever is slow on the port.
      const signedOff = Promise.all([events.stop(), beats.stop(), server?.close()]);
      await Promise.race([signedOff, new Promise((resolve) => setTimeout(resolve, SIGN_OFF_MS))]);
      process.exit(exitCode);
    } catch (error) {
      logError(log, error, 'outbox-publisher could not stop cleanly');
      process.exit(lateExitCode);
    }
  }
  const onSignal = (signal: string) => {
    if (!isStopping) log.info({ signal }, 'outbox-publisher is stopping');
    void end(0, 1);
  };
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('SIGINT', () => onSignal('SIGINT'));
}

/** PUBLISHER_METRICS_PORT: metrics, log levels and probes. */
async function openPort(pool: Pool, loop: PublisherLoop): Promise<Listening | null> {
  if (!env.PUBLISHER_METRICS_PORT) return null;
  // The HTTP room stands on all others: a publisher without a port starts sooner without it.
  const { listen, privateApp } = await import('#server/http/index.ts');
  const bootedAt = Date.now();
  const isAlive = () => Date.now() - (loop.lastTurnAt()?.getTime() ?? bootedAt) < STALE_MS;
  const address = { host: env.METRICS_HOST, port: env.PUBLISHER_METRICS_PORT };
  const server = await listen(privateApp({ log, pool, isAlive }), address);
  log.info(address, 'outbox-publisher is listening');
  return server;
}

boot().catch((error: unknown) => {
  logError(log, error, 'outbox-publisher could not start');
  process.exit(1);
});
