import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPool } from '#db/client.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createPublisherLoop, STOP_GRACE_MS } from './publisher-loop.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
let tenantId: string;
let home: string;
beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  home = await mkdtemp(join(tmpdir(), 'mainspring-stop-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const settings = {
  ...{ openPool: () => openPool({ url: db.workerUrl, max: 4, applicationName: 'test' }), log, name: 'stopping' },
  ...{ batchSize: 10, pollMs: 20, leaseMs: 10_000, maxAttempts: 3, drainMs: 100, backoffMaxMs: 20 },
  onGivingUp: () => {},
};
const appendOne = () =>
  transaction(db.app, { tenantId }, (tx) => appendEvent(tx, { tenantId, type: 't.v1', key: 'k', payload: {} }));

it('stops within its deadline when neither the database nor the backend answers any more', async () => {
  await appendOne();
  const begun = Promise.withResolvers<void>();
  const publisher: EventPublisher = {
    backend: 'hung',
    publish: () => {
      begun.resolve();
      return new Promise(() => {});
    },
    close: () => new Promise(() => {}),
  };
  const loop = createPublisherLoop({ ...settings, publisher, livenessFile: null });
  loop.start();
  await begun.promise;
  const locked = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const holder = db.owner.begin(async (tx) => {
    await tx`lock table outbox_events, outbox_lanes in access exclusive mode`;
    locked.resolve();
    await mayEnd.promise;
  });
  try {
    await locked.promise;
    const startedAtMs = performance.now();
    await loop.stop();
    // Timers of a busy machine are late.
    expect(performance.now() - startedAtMs).toBeLessThan(settings.drainMs + STOP_GRACE_MS + 20_000);
  } finally {
    mayEnd.resolve();
    await holder;
  }
}, 90_000);

it('touches the liveness file after turns that fail too, for an outage is nothing that a restart cures', async () => {
  await appendOne();
  let calls = 0;
  const publisher: EventPublisher = {
    backend: 'away',
    publish: async () => {
      calls += 1;
      throw new Error('the backend is away');
    },
    close: async () => {},
  };
  const livenessFile = join(home, 'failing.alive');
  const loop = createPublisherLoop({ ...settings, publisher, livenessFile });
  const touchedAt = async () => (await stat(livenessFile)).mtimeMs;
  loop.start();
  try {
    await expect.poll(() => calls, { timeout: 30_000 }).toBeGreaterThan(0);
    await expect.poll(touchedAt, { timeout: 30_000 }).toBeGreaterThan(0);
    const [before, callsBefore] = [await touchedAt(), calls];
    await expect.poll(() => calls, { timeout: 30_000 }).toBeGreaterThan(callsBefore + 1);
    await expect.poll(touchedAt, { timeout: 30_000 }).toBeGreaterThan(before);
  } finally {
    await loop.stop();
  }
}, 90_000);
