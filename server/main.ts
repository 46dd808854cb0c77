// The web process: pages, REST, tRPC.

import { openPool, urlForRole } from '#db/client.ts';
import { roleNames } from '#db/roles.ts';
import { channelSealing, createChannels } from './alerts/index.ts';
import { flushRefusals } from './audit/index.ts';
import { readHeadsBelow } from './audit-trail/index.ts';
import { masterKeys, serveConnectionsWith } from './connections/index.ts';
import { JOB_ANSWER_TIMEOUT_MS, jobsConfigOf } from './cron/index.ts';
import { readBundlesFrom } from './dsar/index.ts';
import { EXIT_BAD_ENVIRONMENT, env, orBadEnvironment, secretsOf } from './env.ts';
import { keepBlobStore, openBlobStore } from './files/index.ts';
import { heartbeat } from './fleet/index.ts';
import { listen, privateApp, webApp } from './http/index.ts';
import { keepAttachmentsIn } from './interactions/index.ts';
import {
  collectProcessMetrics,
  createLogger,
  keepOutOfLogs,
  logError,
  outliveLostConnections,
  transaction,
  warnOfPooler,
} from './lib/index.ts';
import { createOutboundClient } from './outbound/index.ts';
import { notifyPublishersThrough, outboxWatch } from './outbox/index.ts';
import { notifyRunnersThrough } from './runs/index.ts';
import { warnOfUnknownSiem } from './siem/index.ts';
import { createLiveHub, createPagesHandler } from './web/index.ts';

keepOutOfLogs(secretsOf(env));
const log = createLogger({ level: env.LOG_LEVEL, tier: 'web' });

async function boot() {
  const { DATABASE_URL: ownerUrl, APP_PASSWORD: appPassword, WORKER_PASSWORD: workerPassword } = env;
  if (!ownerUrl || !appPassword || !workerPassword) {
    log.fatal('DATABASE_URL, APP_PASSWORD and WORKER_PASSWORD must be set (bin/start sets them)');
    process.exit(EXIT_BAD_ENVIRONMENT);
  }
  const jobsConfig = orBadEnvironment(() => jobsConfigOf(env));
  warnOfUnknownSiem(log, env, jobsConfig.siem);
  outliveLostConnections(log);
  collectProcessMetrics();
  readHeadsBelow(env.MAINSPRING_HOME);
  const roles = roleNames(env.ROLE_PREFIX);
  const prepare = !env.DATABASE_POOLED;
  const url = urlForRole(ownerUrl, roles.app, appPassword);
  warnOfPooler(log, { url, isPooled: env.DATABASE_POOLED });
  const pool = openPool({
    url,
    max: env.APP_POOL_SIZE,
    applicationName: 'mainspring web',
    prepare,
  });
  const cronPool = openPool({
    url: urlForRole(ownerUrl, roles.worker, workerPassword),
    // A job's statement, its heartbeat and other callers' claims at once.
    max: 4,
    applicationName: 'mainspring web cron',
    prepare,
    answerTimeoutMs: JOB_ANSWER_TIMEOUT_MS,
  });
  // A run started here is claimed in another process: one NOTIFY tells it.
  notifyRunnersThrough({ pool, log });
  notifyPublishersThrough({ pool, log });
  const blobs = openBlobStore(env);
  await transaction(pool, {}, (tx) => keepBlobStore(tx, blobs)).catch((error: unknown) =>
    logError(log, error, 'could not write down where blobs are kept: every erasure tries again'),
  );
  keepAttachmentsIn(blobs);
  readBundlesFrom(blobs);
  const outbound = createOutboundClient({ allowCidrs: env.OUTBOUND_ALLOW_CIDRS });
  if (env.ENCRYPTION_KEY)
    serveConnectionsWith({ masters: masterKeys(env.ENCRYPTION_KEY, env.ENCRYPTION_KEY_OLD), outbound });
  const alertChannels = createChannels({
    log,
    outbound,
    smtpUrl: env.SMTP_URL ?? null,
    mailFrom: env.MAIL_FROM,
  });
  const stopping = new AbortController();
  const isDevelopment = env.NODE_ENV === 'development';
  const live = createLiveHub({ pool, log, sessionIdleSeconds: env.SESSION_IDLE_SECONDS });
  let closePages = async () => {};
  const app = await webApp(
    {
      pool,
      cronPool,
      log,
      processId: env.PROCESS_NAME,
      isDevelopment,
      publicUrl: env.PUBLIC_URL ?? null,
      cronSecret: env.CRON_SECRET,
      cronToken: env.CRON_TOKEN,
      alertChannels,
      cron: {
        ...{ config: jobsConfig, stopping: stopping.signal },
        ...{ leaseMs: env.CRON_LEASE_SECONDS * 1_000, failPoint: env.FAIL_POINT },
      },
      oidc:
        env.OIDC_ISSUER && env.OIDC_CLIENT_ID && env.OIDC_CLIENT_SECRET
          ? {
              ...{ issuer: env.OIDC_ISSUER, clientId: env.OIDC_CLIENT_ID, clientSecret: env.OIDC_CLIENT_SECRET },
              name: env.OIDC_NAME,
            }
          : undefined,
      metricsToken: env.METRICS_TOKEN,
      sessionIdleSeconds: env.SESSION_IDLE_SECONDS,
      sessionLifetimeSeconds: env.SESSION_LIFETIME_SECONDS,
      rates: {
        tenantPerSecond: env.RATE_LIMIT_TENANT_PER_SECOND,
        addressPerSecond: env.RATE_LIMIT_ADDRESS_PER_SECOND,
      },
      proxyHops: env.TRUSTED_PROXY_HOPS,
      live,
    },
    async (getLoadContext) => {
      const pages = await createPagesHandler({ mode: isDevelopment ? 'development' : 'production', getLoadContext });
      closePages = pages.close;
      return pages.app;
    },
  );
  const beats = heartbeat({ pool, log, processId: env.PROCESS_NAME, tier: 'web', version: '0.1.0' });
  const server = await listen(app, { host: env.HOST, port: env.PORT });
  const privateServer = env.METRICS_PORT
    ? await listen(privateApp({ log, pool, isAlive: () => true }), { host: env.METRICS_HOST, port: env.METRICS_PORT })
    : null;
  await beats.start();
  // Where the publisher is in the worker and the worker is down, nobody else is left to say what waits.
  const watch = outboxWatch({ pool: cronPool, log, ownPublisher: null });
  watch.start();
  const sealing = env.ENCRYPTION_KEY ? channelSealing({ pool, log }) : null;
  sealing?.start();
  log.info({ host: env.HOST, port: server.port }, 'web is listening');

  let isStopping = false;
  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'web is stopping');
    const deadline = setTimeout(() => process.exit(1), env.SHUTDOWN_DRAIN_SECONDS * 1_000);
    deadline.unref();
    stopping.abort();
    // Open pages hold their line for hours; the server closes when the last one is let go.
    live.close();
    await server.close();
    await privateServer?.close();
    await Promise.all([watch.stop(), beats.stop()]);
    await sealing?.stop();
    await flushRefusals(pool, log);
    await Promise.all([closePages(), pool.end({ timeout: 5 }), cronPool.end({ timeout: 5 })]);
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
}

boot().catch((error: unknown) => {
  logError(log, error, 'web could not start');
  process.exit(1);
});
