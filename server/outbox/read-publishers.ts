import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { query, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { PUBLISHER_SILENT_SECONDS } from './config.ts';
import type { PublisherList } from './schemas.ts';

type Publisher = {
  id: string;
  backend: string;
  startedAt: string;
  lastSeenAt: string;
  isSilent: boolean;
  failingSince: string | null;
};
type Lane = { lane: number; owner: string | null; isHeld: boolean };

/** Who publishes for this installation, with the lanes that each holds, and the lanes that nobody does. */
export function listPublishers(ctx: Ctx): Promise<z.infer<typeof PublisherList>> {
  return withTransaction(ctx, async (tx) => {
    const publishers = await query<Publisher>(
      tx,
      sql`select id, backend, started_at as "startedAt", last_seen_at as "lastSeenAt",
          last_seen_at < clock_timestamp() - make_interval(secs => ${PUBLISHER_SILENT_SECONDS}) as "isSilent",
          failing_since as "failingSince"
        from outbox_publishers order by last_seen_at desc, id limit 100`,
    );
    const lanes = await query<Lane>(
      tx,
      sql`select lane, owner, owner is not null and lease_until > clock_timestamp() as "isHeld" from outbox_lanes order by lane`,
    );
    const held = (id: string) => lanes.filter((lane) => lane.isHeld && lane.owner === id).map(({ lane }) => lane);
    return {
      items: publishers.map((row) => ({
        ...{ id: row.id, backend: row.backend, isSilent: row.isSilent, lanes: held(row.id) },
        startedAt: new Date(row.startedAt).toISOString(),
        lastSeenAt: new Date(row.lastSeenAt).toISOString(),
        failingSince: row.failingSince === null ? null : new Date(row.failingSince).toISOString(),
      })),
      unheldLanes: lanes.filter((lane) => !lane.isHeld).map(({ lane }) => lane),
    };
  });
}
