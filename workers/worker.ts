// The worker process: scheduler and runner loops, and an HTTP server of its own for probes and cron routes, so
// that a busy API cannot hold a job up nor a job the API.
import { join } from 'node:path';
import { openPool, urlForRole } from '#db/client.ts';
import { roleNames } from '#db/roles.ts';
import { createChannels, observeAlerts } from '#server/alerts/index.ts';
import { requireCronSecret, requireCronToken } from '#server/api/index.ts';
import { headsFolder } from '#server/audit/index.ts';
import { masterKeys, serveConnectionsWith } from '#server/connections/index.ts';
import {
  type CronDependencies,
  cronRoutes,
  JOB_ANSWER_TIMEOUT_MS,
  jobsConfigOf,
  readJobSchedules,
} from '#server/cron/index.ts';
import { DEMO_SLUG, demoFeeder } from '#server/demo/index.ts';
import { EXIT_BAD_ENVIRONMENT, env, orBadEnvironment, secretsOf } from '#server/env.ts';
import { observeExports } from '#server/exports/index.ts';
import { health, heartbeat, isAllWell, isDatabaseReady } from '#server/fleet/index.ts';
import { baseApp, listen, privateApp } from '#server/http/index.ts';
import {
  collectProcessMetrics,
  createLogger,
  failPoint,
  keepOutOfLogs,
  logError,
  outliveLostConnections,
  warnOfPooler,
} from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { listenForEvents, notifyPublishersThrough, outboxWatch } from '#server/outbox/index.ts';
import { legacyTickRoute } from '#server/reports/index.ts';
import { listenForWakes, notifyRunnersThrough, observeQueue } from '#server/runs/index.ts';
import { observeUnshipped, warnOfUnknownSiem } from '#server/siem/index.ts';
import { alertLoop } from './alert-loop.ts';
import { createAuditSealer } from './audit-sealer.ts';
import { cronLoop } from './cron-loop.ts';
import { deadManSwitch } from './dead-man.ts';
import { createPublisherLoop } from './publisher-loop.ts';
import { publisherSettings, requireWebhookUrl, workerStopMs } from './publisher-settings.ts';
import { reportLoop } from './report-loop.ts';
import { restartingPublisher, withPublisherDown } from './restarting-publisher.ts';
import { createRunner } from './runner-loop.ts';
import { schedulerLoop } from './scheduler-loop.ts';

keepOutOfLogs(secretsOf(env));
const log = createLogger({ level: env.LOG_LEVEL, tier: 'worker' });
/** A runner that has not turned for so long is stuck: its poll is some seconds. */
const RUNNER_STALE_MS = 90_000;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

async function boot() {
  const { DATABASE_URL: ownerUrl, WORKER_PASSWORD: password } = env;
  if (!ownerUrl || !password) {
    log.fatal(`${ownerUrl ? 'WORKER_PASSWORD' : 'DATABASE_URL'} must be set (bin/start sets it)`);
    process.exit(EXIT_BAD_ENVIRONMENT);
  }
  const schedules = orBadEnvironment(() => readJobSchedules(env.CRON_SCHEDULES));
  const jobsConfig = orBadEnvironment(() => jobsConfigOf(env));
  if (env.OUTBOX_IN_WORKER) orBadEnvironment(() => requireWebhookUrl(env));
  warnOfUnknownSiem(log, env, jobsConfig.siem);
  outliveLostConnections(log);
  collectProcessMetrics();
  const { worker: role } = roleNames(env.ROLE_PREFIX);
  const url = urlForRole(ownerUrl, role, password);
  const directUrl = urlForRole(env.DATABASE_DIRECT_URL ?? ownerUrl, role, password);
  warnOfPooler(log, { url, directUrl, isPooled: env.DATABASE_POOLED });
  const pool = openPool({
    url,
    max: env.WORKER_POOL_SIZE,
    applicationName: 'mainspring worker',
    prepare: !env.DATABASE_POOLED,
  });
  // Apart from the loops' pool: a job's statement may take minutes.
  const jobPool = openPool({
    url,
    max: 6,
    applicationName: 'mainspring jobs',
    prepare: !env.DATABASE_POOLED,
    answerTimeoutMs: JOB_ANSWER_TIMEOUT_MS,
  });
  observeQueue(pool);
  observeAlerts(pool);
  observeUnshipped(pool, jobsConfig.siem);
  observeExports(pool);
  const processId = env.PROCESS_NAME;

  const beats = heartbeat({ pool, log, processId, tier: 'worker', version: '0.1.0' });
  const scheduler = schedulerLoop({
    pool,
    log,
    processId,
    maxSleepMs: env.TICK_MAX_SLEEP_SECONDS * 1_000,
    isEnabled: env.CRON_MODE !== 'http' && schedules.get('flowSchedulerTick') !== null,
  });
  const runner = createRunner({
    pool,
    openWork: () =>
      // One statement of a run may take as long as its timeoutSeconds; its heartbeat has a connection of its own.
      openPool({
        url,
        max: 1,
        applicationName: 'mainspring run',
        prepare: !env.DATABASE_POOLED,
        answerTimeoutMs: null,
      }),
    log,
    runner: processId,
    concurrency: env.RUNNER_CONCURRENCY,
    leaseMs: env.RUN_LEASE_SECONDS * 1_000,
    pollMs: env.RUN_POLL_SECONDS * 1_000,
    drainMs: env.SHUTDOWN_DRAIN_SECONDS * 1_000,
    filesDir: env.FILES_DIR,
  });
  const sealer = createAuditSealer({ pool, log, headsFolder: headsFolder(env.MAINSPRING_HOME) });
  const outbound = createOutboundClient({ allowCidrs: env.OUTBOUND_ALLOW_CIDRS });
  if (env.ENCRYPTION_KEY)
    serveConnectionsWith({ masters: masterKeys(env.ENCRYPTION_KEY, env.ENCRYPTION_KEY_OLD), outbound });
  const alertChannels = createChannels({
    log,
    outbound,
    smtpUrl: env.SMTP_URL ?? null,
    mailFrom: env.MAIL_FROM,
  });
  const alertDeps = {
    pool,
    log,
    channels: alertChannels,
    failPoint: (name: string) => failPoint(env.FAIL_POINT, name),
  };
  const alerts = alertLoop(alertDeps);
  const reports = reportLoop(alertDeps);
  const deadMan = env.HEARTBEAT_URL
    ? deadManSwitch({
        ...{ url: env.HEARTBEAT_URL, log, outbound },
        isAllWell: async () => isAllWell(await health(pool, { kind: 'anybody' })),
      })
    : null;
  const bootedAt = Date.now();
  const isRunnerTurning = () => Date.now() - (runner.lastTurnAt()?.getTime() ?? bootedAt) < RUNNER_STALE_MS;
  const feeder = env.DEMO ? demoFeeder({ filesDir: env.FILES_DIR, tenantSlug: DEMO_SLUG, log }) : null;

  const stopping = new AbortController();
  const jobs: CronDependencies = {
    ...{ pool: jobPool, log, processId, config: jobsConfig, stopping: stopping.signal },
    ...{ leaseMs: env.CRON_LEASE_SECONDS * 1_000, failPoint: env.FAIL_POINT },
  };
  const crons = cronLoop({ ...jobs, firedBy: env.CRON_MODE, schedules });
  // A publisher that gives up is started again here, later and later: the worker's other loops must go on.
  const publisherName = `${processId}/publisher`;
  const outbox = env.OUTBOX_IN_WORKER
    ? restartingPublisher(log, (onGivingUp) =>
        createPublisherLoop({
          ...publisherSettings(env, url, log),
          name: publisherName,
          livenessFile: join(env.MAINSPRING_HOME, 'outbox-publisher.alive'),
          onGivingUp,
        }),
      )
    : null;

  const isAlive = () => isRunnerTurning() && [scheduler, crons, alerts, reports].every((loop) => loop.isTurning());
  const app = baseApp({
    log,
    isAlive,
    isReady: () => isDatabaseReady(pool),
    pool,
    operations: {
      metricsToken: env.METRICS_TOKEN,
      isOpen: env.METRICS_TOKEN === undefined && LOOPBACK.has(env.WORKER_HOST),
    },
  });
  app.get('/health', async (c) => {
    const seen = await health(pool, { kind: 'anybody' });
    const answer = outbox?.hasGivenUp() ? withPublisherDown(seen) : seen;
    return c.json(answer, answer.status === 'down' ? 503 : 200);
  });
  app.route(
    '/api/v1/cron',
    cronRoutes((headers) => requireCronSecret(headers, env.CRON_SECRET), jobs),
  );
  app.route(
    '/api/cron/tick',
    legacyTickRoute((headers) => requireCronToken(headers, [env.CRON_TOKEN, env.CRON_SECRET]), {
      ...alertDeps,
      signal: stopping.signal,
    }),
  );
  const server = await listen(app, { host: env.WORKER_HOST, port: env.WORKER_PORT });
  const privateServer = env.WORKER_METRICS_PORT
    ? await listen(privateApp({ log, pool, isAlive }), { host: env.METRICS_HOST, port: env.WORKER_METRICS_PORT })
    : null;
  log.info({ host: env.WORKER_HOST, port: server.port }, 'worker is listening');
  notifyRunnersThrough({ pool, log });
  notifyPublishersThrough({ pool, log });
  const wakes = listenForWakes(directUrl, log);
  const events = outbox ? listenForEvents(directUrl, log) : null;
  const watch = outboxWatch({ pool, log, ownPublisher: outbox ? publisherName : null });
  watch.start();
  await beats.start();
  // The first files lie there before the first run is claimed.
  await feeder?.start();
  scheduler.start();
  runner.start();
  outbox?.start();
  sealer.start();
  alerts.start();
  reports.start();
  deadMan?.start();
  crons.start();

  let isStopping = false;
  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'worker is stopping');
    setTimeout(() => process.exit(1), workerStopMs(env)).unref();
    feeder?.stop();
    stopping.abort();
    // All at once: a job or a report that takes its time must not keep the runner claiming until the process is ended.
    await Promise.all([
      ...[crons.stop(), sealer.stop(), alerts.stop(), reports.stop(), deadMan?.stop()],
      ...[scheduler.stop(), runner.stop(), outbox?.stop()],
    ]);
    await Promise.all([wakes.stop(), events?.stop()]);
    await watch.stop();
    await beats.stop();
    await server.close();
    await privateServer?.close();
    // What still runs was left to be undone.
    await Promise.all([pool.end({ timeout: 2 }), jobPool.end({ timeout: 2 })]);
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
}

boot().catch((error: unknown) => {
  logError(log, error, 'worker could not start');
  process.exit(1);
});
