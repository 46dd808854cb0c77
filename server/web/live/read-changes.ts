// What changed in a tenant since it was last looked at, from one statement of cheap probes.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { queryOne, transaction } from '#server/lib/index.ts';

/**
 * What a page can care about. Beside these, the first word of every audit action is one too (`outbox.requeue`
 * tells of `outbox`), so that a new room's changes are told of without a line here.
 */
const PROBED = ['runs', 'schedules', 'ticks', 'outbox', 'cron', 'stops'] as const;

/** Audit actions whose first word is not what the pages call it. */
const TOPICS_OF_ACTION: Record<string, string[]> = { pipeline: ['pipelines', 'schedules'], run: ['runs'] };

/**
 * How far back audit rows are looked at, in seconds: ids are made before the commit, so a row may appear below
 * one that was seen. What commits later than this is shown by the page's own slow refresh.
 */
const AUDIT_WINDOW_S = 30;
const AUDIT_ROWS = 200;
/** Short: a probe that waits is worth nothing, the next one comes in a second. */
const STATEMENT_TIMEOUT_MS = 5_000;

type Snapshot = Record<(typeof PROBED)[number], string | null> & { actions: { id: string; action: string }[] };

/** What was last seen of a tenant; opaque to its holder. */
export type Seen = { snapshot: Snapshot; auditIds: Set<string> };

async function readSnapshot(pool: Pool, tenantId: string): Promise<Snapshot> {
  return transaction(pool, { tenantId, statementTimeoutMs: STATEMENT_TIMEOUT_MS }, (tx) =>
    // xmin changes with every update: of the few rows that wait or run its sum tells of any change.
    queryOne<Snapshot>(
      tx,
      sql`select
        concat_ws(' ',
          (select id from runs where tenant_id = ${tenantId} order by id desc limit 1),
          (select count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) from run_queue where tenant_id = ${tenantId})
        ) as runs,
        (select concat_ws(' ', due_at, verdict) from occurrences where tenant_id = ${tenantId}
          order by due_at desc limit 1) as schedules,
        (select last_tick_at::text from scheduler_state) as ticks,
        concat_ws(' ',
          (select sum(published) from outbox_counters where tenant_id = ${tenantId}),
          (select id from outbox_events where tenant_id = ${tenantId} order by id desc limit 1),
          (select id from outbox_events where tenant_id = ${tenantId} and failed_at is not null order by id desc limit 1),
          -- A new point while something waits: what is tried again and again is not seen otherwise.
          (select at from outbox_depth where tenant_id = ${tenantId} order by at desc limit 1)
        ) as outbox,
        (select string_agg(concat_ws(' ', c.id, c.outcome), ',')
          from (select id, outcome from cron_runs order by id desc limit 5) c) as cron,
        concat_ws(' ',
          (select string_agg(id::text, ',') from tenant_stops where tenant_id = ${tenantId} and resumed_at is null),
          (select string_agg(id::text, ',') from instance_stops where resumed_at is null)
        ) as stops,
        (select coalesce(json_agg(a), '[]') from (select id, action from audit_log
          where tenant_id = ${tenantId} and id > ms_uuid_at(now() - make_interval(secs => ${AUDIT_WINDOW_S}))
          order by id desc limit ${AUDIT_ROWS}) a) as actions`,
    ),
  );
}

/** The topics that changed since `seen`, and what is seen now. Nothing has changed at the first look. */
export async function readChanges(
  pool: Pool,
  tenantId: string,
  seen: Seen | null,
): Promise<{ topics: Set<string>; seen: Seen }> {
  const snapshot = await readSnapshot(pool, tenantId);
  const now: Seen = { snapshot, auditIds: new Set(snapshot.actions.map(({ id }) => id)) };
  return { topics: seen === null ? new Set() : changesBetween(seen, now), seen: now };
}

/** Pure: what two looks differ in. */
export function changesBetween(before: Seen, now: Seen): Set<string> {
  const topics = new Set<string>(PROBED.filter((topic) => before.snapshot[topic] !== now.snapshot[topic]));
  for (const { id, action } of now.snapshot.actions) {
    if (before.auditIds.has(id)) continue;
    const room = action.split('.', 1)[0]!;
    for (const topic of ['audit', ...(TOPICS_OF_ACTION[room] ?? [room])]) topics.add(topic);
  }
  return topics;
}
