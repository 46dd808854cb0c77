// From the commit of one event or job to its being worked on, at 500 a second.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import type { Pool } from '#db/client.ts';
import { laneOf } from '#db/outbox-lane.ts';
import { createLogger, newId, transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher, listenForEvents, notifyPublishersThrough } from '#server/outbox/index.ts';
import { fillOutbox, startTurns } from './drain-ours.ts';

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

const BUSY_LANE = 0;
const BACKLOG = 'backlog.v1';

/** Puts so many events into one lane: what a tenant with a batch does to the others. */
async function fillOneLane(owner: Pool, tenantId: string, rows: number): Promise<void> {
  await owner`insert into outbox_events (tenant_id, type, key, payload, lane, payload_bytes, headers_bytes)
    select ${tenantId}, ${BACKLOG}, k.key, '{"a": 1}', ${BUSY_LANE}, 8, 2
    from (select 'key-' || n as key from generate_series(1, 5000) n where outbox_lane(${tenantId}, 'key-' || n) = ${BUSY_LANE}) k,
      generate_series(1, ${rows} / 1250) order by random()`;
  await owner`vacuum analyze outbox_events`;
}

async function refuseIfDone(owner: Pool): Promise<void> {
  const [row] = await owner`select from outbox_events
    where lane = ${BUSY_LANE} and type = ${BACKLOG} and status = 'pending' limit 1`;
  if (!row) throw new Error('the backlog was done before the last event: what was measured is not beside it');
}

/** A key of any lane, or of any but the busy one. */
function newKey(tenantId: string, isBeside: boolean): string {
  for (;;) {
    const key = newId();
    if (!isBeside || laneOf(tenantId, key) !== BUSY_LANE) return key;
  }
}

/** Milliseconds of each event; of those of the other lanes, where one lane has a backlog to work off. */
export async function pickupOurs(
  { owner, app, workerUrl, tenantId }: { owner: Pool; app: Pool; workerUrl: string; tenantId: string },
  count: number,
  backlogRows = 0,
): Promise<number[]> {
  const isBeside = backlogRows > 0;
  await fillOutbox(owner, tenantId, 0, 0);
  if (isBeside) await fillOneLane(owner, tenantId, backlogRows);
  const committedAt = new Map<string, number>();
  const seenAt = new Map<string, number>();
  const log = createLogger({ level: 'error', tier: 'bench' });
  const publisher: EventPublisher = {
    backend: 'clock',
    async publish(events) {
      for (const { id, type } of events) if (type !== BACKLOG) seenAt.set(id, performance.now());
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
      appendEvent(tx, { tenantId, type: 'bench.v1', key: newKey(tenantId, isBeside), payload: { a: 1 } }),
    );
    committedAt.set(eventId, performance.now());
  });
  while (seenAt.size < count) await new Promise((resolve) => setTimeout(resolve, 20));
  if (isBeside) await refuseIfDone(owner);
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
