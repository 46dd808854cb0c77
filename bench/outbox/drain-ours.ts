// Our drain: the publisher's four lanes in one process, retries and metrics on, to a backend that does nothing.
import { setTimeout as wait } from 'node:timers/promises';
import { openPool, type Pool } from '#db/client.ts';
import { createLogger } from '#server/lib/index.ts';
import type { EventPublisher } from '#server/outbox/index.ts';
import { createPublisherLoop } from '#workers/publisher-loop.ts';
import { PUBLISHER_CONNECTIONS } from '#workers/publisher-pools.ts';

const POLL_MS = 2_000;
const LEASE_MS = 60_000;

/** Says of everything that it is published. */
export function nowhere(): EventPublisher {
  return {
    backend: 'nowhere',
    async publish(events) {
      return events.map(() => ({ kind: 'published' }) as const);
    },
    async close() {},
  };
}

export async function fillOutbox(owner: Pool, tenantId: string, rows: number, payloadBytes: number): Promise<void> {
  await owner`truncate outbox_events, outbox_counters, outbox_flow, outbox_depth restart identity`;
  await owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0, claimed_from = 0, claimed_to = 0`;
  await owner`insert into outbox_events (tenant_id, type, key, payload, lane, payload_bytes, headers_bytes)
    select ${tenantId}, 'bench.v1', key, payload, outbox_lane(${tenantId}, key), octet_length(payload::text), 2
    from (select n, 'key-' || n % 5000 as key,
        jsonb_build_object('n', n, 'filler', repeat('x', ${Math.max(0, payloadBytes - 30)}::int)) as payload
      from generate_series(1, ${rows}) n order by n) e`;
  await owner`vacuum analyze outbox_events`;
}

/** The publisher's own loop, with its leases, sweeps and metrics. Returns how to stop. */
export async function startTurns(workerUrl: string, publisher: EventPublisher): Promise<() => Promise<void>> {
  const loop = createPublisherLoop({
    openPool: () => openPool({ url: workerUrl, max: PUBLISHER_CONNECTIONS, applicationName: 'bench publisher' }),
    ...{
      publisher,
      log: createLogger({ level: 'error', tier: 'bench' }),
      name: 'bench',
      batchSize: 500,
      maxAttempts: 10,
    },
    ...{ pollMs: POLL_MS, leaseMs: LEASE_MS, drainMs: 15_000, backoffMaxMs: 2_000, livenessFile: null },
    onGivingUp: () => {
      throw new Error('the publisher gave up');
    },
  });
  loop.start();
  return () => loop.stop();
}

/** Until every row is marked as published. Stopping is not part of the time. */
export function drainOurs(owner: Pool, workerUrl: string, rows: number): Promise<() => Promise<void>> {
  return drainThrough(owner, workerUrl, rows, nowhere());
}

/** The same to a backend. The database is asked only at the end: asking all the time would take its share of the processor. */
export async function drainThrough(
  owner: Pool,
  workerUrl: string,
  rows: number,
  publisher: EventPublisher,
): Promise<() => Promise<void>> {
  const allSent = Promise.withResolvers<void>();
  let left = rows;
  const stop = await startTurns(workerUrl, {
    ...publisher,
    async publish(events, context) {
      const outcomes = await publisher.publish(events, context);
      left -= outcomes.filter(({ kind }) => kind === 'published').length;
      if (left <= 0) allSent.resolve();
      return outcomes;
    },
  });
  await allSent.promise;
  // Sent is not yet marked: the counters move with the mark.
  for (;;) {
    const [row] = await owner<
      { published: number }[]
    >`select coalesce(sum(published), 0)::int as published from outbox_counters`;
    if ((row?.published ?? 0) >= rows) return stop;
    await wait(2);
  }
}
