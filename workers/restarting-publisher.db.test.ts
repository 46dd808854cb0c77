import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from '#db/client.ts';
import { testDatabase } from '#db/testing/index.ts';
import { health } from '#server/fleet/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { appendEvent, createFilePublisher, LANES, signOn } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createPublisherLoop } from './publisher-loop.ts';
import { restartingPublisher, withPublisherDown } from './restarting-publisher.ts';
import { startWorker } from './testing/worker-process.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
let tenantId: string;
let home: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  home = await mkdtemp(join(tmpdir(), 'mainspring-restarting-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const appendOne = () =>
  transaction(db.app, { tenantId }, (tx) => appendEvent(tx, { tenantId, type: 't.v1', key: 'k', payload: {} }));
const settings = (dir: string) => ({
  ...{ openPool: () => openPool({ url: db.workerUrl, max: 4, applicationName: 'test' }), log },
  ...{ publisher: createFilePublisher({ dir }), batchSize: 10, pollMs: 20, leaseMs: 10_000, maxAttempts: 3 },
  ...{ drainMs: 5_000, backoffMaxMs: 10 },
});

describe('a publisher inside a worker', () => {
  it('is stopped after 30 failures, says so, and is started again later and later until it succeeds', async () => {
    const dir = join(home, 'file-in-the-way');
    await writeFile(dir, '');
    await appendOne();
    const beginnings: number[] = [];
    const publisher = restartingPublisher(
      log,
      (onGivingUp) => {
        beginnings.push(performance.now());
        return createPublisherLoop({ ...settings(dir), name: 'inside', livenessFile: null, onGivingUp });
      },
      { firstMs: 200, longestMs: 600_000 },
    );
    expect(publisher.hasGivenUp()).toBe(false);
    publisher.start();
    try {
      await expect.poll(() => publisher.hasGivenUp(), { timeout: 60_000, interval: 20 }).toBe(true);
      await expect.poll(() => beginnings.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
      // Pauses of 200 and 400 ms and more, besides the failures themselves.
      expect(beginnings[2]! - beginnings[1]!).toBeGreaterThanOrEqual(400);
      await rm(dir);
      await expect
        .poll(async () => [...(await db.owner`select status from outbox_events`)], { timeout: 60_000 })
        .toEqual([{ status: 'published' }]);
      expect(publisher.hasGivenUp()).toBe(false);
    } finally {
      await publisher.stop();
    }
    expect(publisher.hasGivenUp()).toBe(false);
  }, 120_000);

  it('that is stopped while it waits to be started again is not started any more', async () => {
    const dir = join(home, 'file-that-stays');
    await writeFile(dir, '');
    await appendOne();
    let begun = 0;
    const pauses = { firstMs: 300, longestMs: 300 };
    const publisher = restartingPublisher(
      log,
      (onGivingUp) => {
        begun += 1;
        return createPublisherLoop({ ...settings(dir), name: 'stopped', livenessFile: null, onGivingUp });
      },
      pauses,
    );
    publisher.start();
    await expect.poll(() => publisher.hasGivenUp(), { timeout: 60_000, interval: 20 }).toBe(true);
    await publisher.stop();
    // What an operator finds of it.
    const signs = await db.owner`select id, failing_since is not null as "hasFailed",
      last_seen_at < now() - interval '10 s' as "isSilent" from outbox_publishers`;
    expect([...signs]).toEqual([{ id: 'stopped', hasFailed: true, isSilent: true }]);
    expect((await health(db.worker, { kind: 'anybody' })).components.publisher).toEqual({ status: 'degraded' });
    await db.owner`update outbox_publishers set failing_since = now() - interval '2 minutes'`;
    expect((await health(db.worker, { kind: 'anybody' })).components.publisher).toEqual({ status: 'down' });
    // All lanes are another's at once.
    expect(await signOn(db.worker, { id: 'other', host: 'h', pid: 1, backend: 'file' }, 10_000)).toBe(LANES);
    await db.owner`truncate outbox_publishers`;
    const begunBefore = begun;
    const untilMs = performance.now() + 5 * pauses.longestMs;
    await expect.poll(() => begun > begunBefore || performance.now() > untilMs, { timeout: 60_000 }).toBe(true);
    expect(begun).toBe(begunBefore);
  }, 120_000);

  it('that gave up makes its worker say that the publisher is down', async () => {
    const seen = await health(db.worker, { kind: 'anybody' });
    expect(withPublisherDown(seen)).toMatchObject({
      status: 'degraded',
      components: { publisher: { status: 'down' } },
    });
  });

  it('is told of by /health of a real worker, which lives on, and keeps its liveness file in MAINSPRING_HOME', async () => {
    const inTheWay = join(home, 'also-in-the-way');
    await writeFile(inTheWay, '');
    await appendOne();
    const worker = await startWorker(db, {
      ...{ name: 'colocated', cronSecret: 'a-cron-secret-for-this-test', filesDir: join(home, 'files') },
      env: {
        ...{ MAINSPRING_HOME: home, OUTBOX_FILE_DIR: inTheWay, OUTBOX_BACKOFF_MAX_MS: '10', LOG_LEVEL: 'error' },
        OUTBOX_POLL_INTERVAL_MS: '50',
      },
    });
    try {
      const publisherHealth = async () => {
        const answer = await fetch(`${worker.url}/health`);
        const { components } = (await answer.json()) as { components: { publisher: { status: string } } };
        return components.publisher.status;
      };
      await expect.poll(publisherHealth, { timeout: 60_000 }).toBe('down');
      expect((await fetch(`${worker.url}/livez`)).ok).toBe(true);
      expect((await stat(join(home, 'outbox-publisher.alive'))).isFile()).toBe(true);
      expect(await readFile(join(home, 'outbox-publisher.alive'), 'utf8')).toMatch(/^\d{4}-.*Z\n$/);
    } finally {
      expect(await worker.stop()).toBe(0);
    }
  }, 120_000);
});
