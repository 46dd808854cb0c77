// What of one tenant has reached its age. Each statement goes over a stretch of the table's key, so that a pass costs
// the same whether it deletes much, little or nothing, and a stretch is one short transaction: 10,000 rows take some
// 35 ms, and an insert waits no longer. A table in partitions has no ctid of its own, hence by key.

import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { dropUnusedAddresses } from '#server/alerts/index.ts';
import { query, queryOne, transaction } from '#server/lib/index.ts';

export const STRETCH_ROWS = 10_000;
/** Each run takes its attempts and nodes with it. */
const STRETCH_RUNS = 1_000;

export type Stretch = { deleted: number /** The last id that was looked at; null: the end. */; upTo: string | null };
type Scope = { tenantId: string; days: number; after: string };
export type PruneStretch = (pool: Pool, scope: Scope) => Promise<Stretch>;

/** Before the first id. */
export const FROM_START = '00000000-0000-0000-0000-000000000000';

/** Deletes what `isOver` says from a stretch of a table whose id tells its time; younger rows are not looked at. */
function pruneById(table: SQL, isOver: (days: number) => SQL): PruneStretch {
  return (pool, { tenantId, days, after }) =>
    transaction(pool, { tenantId }, async (tx) => {
      const upTo = await endOfStretch(tx, table, { tenantId, days, after }, STRETCH_ROWS);
      if (upTo === null) return { deleted: 0, upTo };
      const { deleted } = await queryOne<{ deleted: number }>(
        tx,
        sql`with gone as (delete from ${table} where tenant_id = ${tenantId}::uuid and id > ${after}::uuid
            and id <= ${upTo}::uuid and ${isOver(days)} returning 1)
          select count(*)::int as deleted from gone`,
      );
      return { deleted, upTo };
    });
}

type Tx = Parameters<Parameters<typeof transaction>[2]>[0];

async function endOfStretch(tx: Tx, table: SQL, scope: Scope, rows: number): Promise<string | null> {
  const { tenantId, days, after } = scope;
  const { upTo } = await queryOne<{ upTo: string | null }>(
    tx,
    sql`select (array_agg(id order by id desc))[1] as "upTo" from (select id from ${table}
        where tenant_id = ${tenantId}::uuid and id > ${after}::uuid and id < ms_uuid_at(now() - make_interval(days => ${days}::int))
        order by id limit ${rows}) s`,
  );
  return upTo;
}

const olderThan = (column: SQL, days: number) => sql`${column} < now() - make_interval(days => ${days}::int)`;

/** Published events only: failed ones wait for somebody, discarded ones say who gave them up. */
export const pruneEvents = pruneById(
  sql`outbox_events`,
  (days) => sql`status = 'published' and ${olderThan(sql`published_at`, days)}`,
);

/** Dead letters that somebody acknowledged. */
export const pruneDeadLetters = pruneById(sql`dlq_entries`, (days) => olderThan(sql`acked_at`, days));

/** What alert rules said, with its deliveries. */
export const pruneAlertEvents = pruneById(sql`alert_events`, (days) => olderThan(sql`at`, days));

/** Addresses of webhooks that a rule or a schedule was still telling when it stopped naming them. */
export const pruneWebhookAddresses: PruneStretch = (pool, { tenantId }) =>
  transaction(pool, { tenantId }, async (tx) => ({ deleted: await dropUnusedAddresses(tx, tenantId), upTo: null }));

/** Requests for approval that were decided or ran out, with their stages and votes; the audit log keeps who decided what. */
export const pruneApprovals = pruneById(
  sql`approval_requests`,
  (days) => sql`state <> 'open' and ${olderThan(sql`closed_at`, days)}`,
);

/** Reports whose schedule is gone; of the others each schedule keeps its newest by itself. */
export const pruneReports = pruneById(
  sql`reports`,
  (days) => sql`${olderThan(sql`made_at`, days)} and not exists (select 1 from report_schedules s
    where s.tenant_id = reports.tenant_id and s.id = reports.schedule_id)`,
);

/** Runs that have ended, with what hangs on them. The ledger keeps the occurrence and its verdict. */
export const pruneRuns: PruneStretch = (pool, scope) =>
  transaction(pool, { tenantId: scope.tenantId }, async (tx) => {
    const upTo = await endOfStretch(tx, sql`runs`, scope, STRETCH_RUNS);
    if (upTo === null) return { deleted: 0, upTo };
    const { tenantId, days, after } = scope;
    const gone = await query<{ id: string }>(
      tx,
      sql`delete from runs where tenant_id = ${tenantId}::uuid and id > ${after}::uuid and id <= ${upTo}::uuid
          and status in ('succeeded', 'failed', 'cancelled', 'skipped') and ${olderThan(sql`finished_at`, days)}
        returning id`,
    );
    if (gone.length > 0) {
      const ids = sql`(select jsonb_array_elements_text(${JSON.stringify(gone.map((row) => row.id))}::text::jsonb)::uuid)`;
      await tx.execute(sql`delete from run_nodes where tenant_id = ${tenantId}::uuid and run_id in ${ids}`);
      await tx.execute(sql`delete from run_attempts where tenant_id = ${tenantId}::uuid and run_id in ${ids}`);
      await tx.execute(sql`delete from run_files where tenant_id = ${tenantId}::uuid and run_id in ${ids}
        and state in ('finished', 'released')`);
    }
    return { deleted: gone.length, upTo };
  });

/** Not in partitions, so by ctid, which is a third faster than by key. It starts over each time: all it sees goes. */
export const pruneIdempotencyKeys: PruneStretch = (pool, { tenantId, days }) =>
  transaction(pool, { tenantId }, async (tx) => {
    const { deleted } = await queryOne<{ deleted: number }>(
      tx,
      sql`with gone as (delete from idempotency_keys where tenant_id = ${tenantId}::uuid and ctid = any(array(
            select ctid from idempotency_keys where tenant_id = ${tenantId}::uuid
              and ${olderThan(sql`created_at`, days)} order by created_at limit ${STRETCH_ROWS})) returning 1)
        select count(*)::int as deleted from gone`,
    );
    return { deleted, upTo: deleted < STRETCH_ROWS ? null : FROM_START };
  });
