// Deletes one bounded part of one class, in one transaction, under the tenant's retention lock.
//
// By ranges of the key and not by ctid: in a partitioned table a ctid names a row in each partition. A range also
// needs no look at the dead rows of the batches before it.
import { type SQL, sql } from 'drizzle-orm';
import type { DataClass } from '#db/schema/index.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';
import { isFree, tableOf } from './classes.ts';
import { lockRetention, readPlan } from './plan.ts';

export type BatchScope = { tenantId: string; purgeId: string; dataClass: DataClass; cutoffAt: string };

const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Goes through at most `batchRows` rows from where the purge stands and returns whether the class is done. Policies
 * and holds are read anew under the lock: a hold placed meanwhile keeps its rows, longer days keep theirs.
 */
export async function purgeBatch(tx: Tx, scope: BatchScope, batchRows: number): Promise<boolean> {
  const { tenantId, purgeId, dataClass } = scope;
  await lockRetention(tx, tenantId);
  const plan = await readPlan(tx, tenantId);
  const current = plan.classes[dataClass].cutoffAt;
  if (current === null) return true;
  const cutoffAt = new Date(Math.min(Date.parse(current), Date.parse(scope.cutoffAt))).toISOString();
  const isDue = sql`r.created_at < ${cutoffAt}::timestamptz${plan.hasSubjectHolds ? sql` and ${isFree(dataClass)}` : sql``}`;
  const part = await nextPart(tx, scope, cutoffAt, isDue, batchRows);
  const deleted = await deleteRows(tx, scope, sql`${part.where} and ${isDue}`);
  await tx.execute(sql`update retention_purges set ${COUNTERS[dataClass]} = ${COUNTERS[dataClass]} + ${deleted},
      positions = positions || jsonb_build_object(${dataClass}::text, ${part.upTo}::text)
    where tenant_id = ${tenantId} and id = ${purgeId}`);
  return part.isLast;
}

const COUNTERS: Record<DataClass, SQL> = {
  decision_traces: sql`decision_traces`,
  interaction_history: sql`interaction_history`,
  ai_attachments: sql`ai_attachments`,
};

type Part = { where: SQL; upTo: string; isLast: boolean };

/**
 * First the ids below the cutoff's own, range after range. Then the few whose id is younger than their recording time
 * says (a process with a clock that is ahead, rows recorded for the past), which the index on that time finds.
 */
async function nextPart(tx: Tx, scope: BatchScope, cutoffAt: string, isDue: SQL, batchRows: number): Promise<Part> {
  const { tenantId, purgeId, dataClass } = scope;
  const table = tableOf(dataClass);
  const { from, bound } = await queryOne<{ from: string; bound: string }>(
    tx,
    sql`select coalesce(positions ->> ${dataClass}, ${NO_ID}) as from, ms_uuid_at(${cutoffAt}::timestamptz) as bound
      from retention_purges where tenant_id = ${tenantId} and id = ${purgeId}`,
  );
  if (from < bound) {
    const [last] = await query<{ id: string }>(
      tx,
      sql`select r.id from ${table} r where r.tenant_id = ${tenantId} and r.id > ${from}::uuid and r.id < ${bound}::uuid
        order by r.id limit 1 offset ${batchRows - 1}`,
    );
    const upTo = last?.id ?? bound;
    return { where: sql`r.id > ${from}::uuid and r.id <= ${upTo}::uuid`, upTo, isLast: false };
  }
  const stragglers = await query<{ id: string }>(
    tx,
    sql`select r.id from ${table} r where r.tenant_id = ${tenantId} and r.id >= ${bound}::uuid and ${isDue}
      limit ${batchRows}`,
  );
  const ids = JSON.stringify(stragglers.map(({ id }) => id));
  return {
    where: sql`r.id = any (array(select value::uuid from jsonb_array_elements_text(${ids}::text::jsonb)))`,
    upTo: from,
    isLast: stragglers.length < batchRows,
  };
}

/** The blobs of deleted attachments are written down in the same transaction: nobody else would know of them. */
async function deleteRows(tx: Tx, { tenantId, purgeId, dataClass }: BatchScope, where: SQL): Promise<number> {
  const table = tableOf(dataClass);
  const gone = sql`delete from ${table} r where r.tenant_id = ${tenantId} and ${where}`;
  const counted =
    dataClass === 'ai_attachments'
      ? sql`with gone as (${gone} returning r.location), noted as (
          insert into retention_blobs (tenant_id, location, purge_id)
          select distinct ${tenantId}::uuid, g.location, ${purgeId}::uuid from gone g on conflict do nothing)
        select count(*)::int as deleted from gone`
      : sql`with gone as (${gone} returning 1) select count(*)::int as deleted from gone`;
  return (await queryOne<{ deleted: number }>(tx, counted)).deleted;
}
