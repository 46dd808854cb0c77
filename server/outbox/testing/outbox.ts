// What the tests of publishing share: a tenant's outbox, how events come into it, and one publisher that takes all there is.
import type { TestDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { appendEvent } from '../append.ts';
import { LANES } from '../config.ts';
import { type Hold, takeLanes } from '../lanes.ts';
import { type LaneOptions, publishLane } from '../publish-lane.ts';
import type { EventPublisher, OutboxEvent } from '../publisher.ts';

export const log = createLogger({ level: 'silent', tier: 'test' });
export const options: LaneOptions = {
  ...{ leaseMs: 10_000, batchSize: 500, maxAttempts: 2, isSweep: true },
  signal: new AbortController().signal,
};

/** The outbox of a tenant in a database of the test's own. */
export async function openOutbox(db: TestDatabase) {
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const tenantId = tenant.id;
  const ctx: Ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
  return {
    ...{ tenantId, ctx },
    /** Empties it and frees its lanes. */
    async restart(): Promise<void> {
      await db.owner`truncate outbox_events, outbox_counters`;
      await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0, claimed_from = 0, claimed_to = 0`;
    },
    append: (keys: string[], payload: Record<string, unknown> = {}) =>
      transaction(db.app, { tenantId }, async (tx) => {
        const ids: string[] = [];
        for (const [n, key] of keys.entries())
          ids.push(
            (await appendEvent(tx, { tenantId, type: 'thing.happened.v1', key, payload: { ...payload, n } })).eventId,
          );
        return ids;
      }),
    take: (owner = 'one', leaseMs = 10_000) => takeLanes(db.worker, { owner, leaseMs, limit: LANES, held: [] }),
    /** Everything there is, by one publisher, until nothing more comes. */
    async drain(publisher: EventPublisher, holds: Hold[], over: Partial<LaneOptions> = {}) {
      const total = { published: 0, retried: 0, failed: 0, lost: 0 };
      for (let claimed = 1; claimed > 0; ) {
        claimed = 0;
        for (const hold of holds) {
          const turn = await publishLane({ pool: db.worker, publisher }, hold, { ...options, ...over });
          claimed += turn.claimed;
          for (const name of ['published', 'retried', 'failed', 'lost'] as const) total[name] += turn[name];
        }
      }
      return total;
    },
  };
}

/** A backend in memory that refuses the events that it is told to. */
export function recording(refuses: (event: OutboxEvent) => boolean = () => false) {
  const sent: OutboxEvent[] = [];
  const publisher: EventPublisher = {
    backend: 'recording',
    async publish(events) {
      const broken = new Set<string>();
      return events.map((event) => {
        if (broken.has(event.key)) return { kind: 'held' };
        if (refuses(event)) {
          broken.add(event.key);
          return { kind: 'refused', error: new Error(`refused ${event.key}`), isFinal: false };
        }
        sent.push(event);
        return { kind: 'published' };
      });
    },
    async close() {},
  };
  return { publisher, sent };
}
