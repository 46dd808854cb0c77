// From the commit of one event or job to its being worked on, at 500 a second.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import type { Pool } from '#db/client.ts';
import { createLogger, newId, transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher, listenForEvents, notifyPublishersThrough } from '#server/outbox/index.ts';
import { startTurns } from './drain-ours.ts';

const PER_SECOND = 500;

/** Begins one every 2 ms; what is slow does not hold up the next one. */
async function atRate(count: number, begin: (n: number) => Promise<void>): Promise<void> {
  const started = performance.now();
  const all: Promise<void>[] = [];
  for (let n = 0; n < count; n += 1) {
    const dueMs = started + (1_000 / PER_SECOND) * n;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs));
    all.push(begin(n));
  }
  await Promise.all(all);
}

/** Milliseconds of each event. */
export async function pickupOurs(app: Pool, workerUrl: string, tenantId: string, count: number): Promise<number[]> {
  const committedAt = new Map<string, number>();
  const seenAt = new Map<string, number>();
  const log = createLogger({ level: 'error', tier: 'bench' });
  const publisher: EventPublisher = {
    backend: 'clock',
    async publish(events) {
      for (const { id } of events) seenAt.set(id, performance.now());
      return events.map(() => ({ kind: 'published' }) as const);
    },
    async close() {},
  };
  const stop = await startTurns(workerUrl, publisher);
  notifyPublishersThrough({ pool: app, log });
  const listening = listenForEvents(workerUrl, log);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await atRate(count, async () => {
    const { eventId } = await transaction(app, { tenantId }, (tx) =>
      appendEvent(tx, { tenantId, type: 'bench.v1', key: newId(), payload: { a: 1 } }),
    );
    committedAt.set(eventId, performance.now());
  });
  while (seenAt.size < count) await new Promise((resolve) => setTimeout(resolve, 20));
  await stop();
  await listening.stop();
  notifyPublishersThrough(null);
  return [...committedAt].map(([id, at]) => Math.max(0, (seenAt.get(id) ?? 0) - at));
}

export async function pickupGraphile(ownerUrl: string, count: number): Promise<number[]> {
  const seenAt = new Map<number, number>();
  const committedAt = new Map<number, number>();
  const logger = new Logger(() => () => {});
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 20 });
  // It says so on every start otherwise.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  const runner = await run({
    ...{ pgPool: pool, logger, noHandleSignals: true, concurrency: 10 },
    taskList: { timed: async (payload) => void seenAt.set((payload as { n: number }).n, performance.now()) },
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await atRate(count, async (n) => {
    await utils.addJob('timed', { n });
    committedAt.set(n, performance.now());
  });
  while (seenAt.size < count) await new Promise((resolve) => setTimeout(resolve, 20));
  await runner.stop();
  await utils.release();
  await pool.end();
  return [...committedAt].map(([n, at]) => Math.max(0, (seenAt.get(n) ?? 0) - at));
}
