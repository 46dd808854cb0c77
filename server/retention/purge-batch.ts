// Deletes one bounded part of one table of a class, in one transaction, under the tenant's retention lock.
//
// By ranges of the key and not by ctid: in a partitioned table a ctid names a row in each partition. A range also
// needs no look at the dead rows of the batches before it.
import { type SQL, sql } from '#db/drizzle.ts';
import type { ClassTable, DataClass } from '#db/schema/index.ts';
import { query, type Tx } from '#server/lib/index.ts';
import { isFree, sqlOf } from './classes.ts';
import { lockRetention, readPlan } from './plan.ts';

export type BatchScope = {
  tenantId: string;
  purgeId: string;
  dataClass: DataClass;
  /** One of the class's. */
  table: ClassTable;
  cutoffAt: string;
};
/** The id up to which the table has been gone through. */
export type BatchResult = {
  position: string;
  /** What was applied. The next batch begins with it: days that were made longer meanwhile move on with the clock. */
  cutoffAt: string;
  isDone: boolean;
};

export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Goes through at most `batchRows` rows after `from`. Policies and holds are read anew under the lock: a hold placed
 * meanwhile keeps its rows, longer days keep theirs.
 */
export async function purgeBatch(tx: Tx, scope: BatchScope, from: string, batchRows: number): Promise<BatchResult> {
  const { tenantId, dataClass, table } = scope;
  await lockRetention(tx, tenantId);
  const plan = await readPlan(tx, tenantId);
  const current = plan.classes[dataClass].cutoffAt;
  if (current === null) return { position: from, cutoffAt: scope.cutoffAt, isDone: true };
  const cutoffMs = Math.min(Date.parse(current), Date.parse(scope.cutoffAt));
  const cutoffAt = new Date(cutoffMs).toISOString();
  const isDue = sql`r.created_at < ${cutoffAt}::timestamptz${plan.hasSubjectHolds ? sql` and ${isFree(table)}` : sql``}`;
  const part = await nextPart(tx, scope, { from, bound: firstIdAt(cutoffMs), isDue, batchRows });
  await deleteRows(tx, scope, sql`${part.where} and ${isDue}`, part.position);
  return { position: part.position, cutoffAt, isDone: part.isDone };
}

/** The smallest id of an instant, as ms_uuid_at in the database makes it. */
const firstIdAt = (ms: number): string => {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
};

type Range = { from: string; bound: string; isDue: SQL; batchRows: number };

/**
 * First the ids below the cutoff's own, range after range. Then the few whose id is younger than their recording time
 * says (a process with a clock that is ahead, rows recorded for the past), which the index on that time finds.
 */
async function nextPart(
  tx: Tx,
  { tenantId, table: name }: BatchScope,
  { from, bound, isDue, batchRows }: Range,
): Promise<Omit<BatchResult, 'cutoffAt'> & { where: SQL }> {
  const table = sqlOf(name);
  if (from < bound) {
    const [last] = await query<{ id: string }>(
      tx,
      sql`select r.id from ${table} r where r.tenant_id = ${tenantId} and r.id > ${from}::uuid and r.id < ${bound}::uuid
        order by r.id limit 1 offset ${batchRows - 1}`,
    );
    const position = last?.id ?? bound;
    return { where: sql`r.id > ${from}::uuid and r.id <= ${position}::uuid`, position, isDone: false };
  }
  const stragglers = await query<{ id: string }>(
    tx,
    sql`select r.id from ${table} r where r.tenant_id = ${tenantId} and r.id >= ${bound}::uuid and ${isDue}
      limit ${batchRows}`,
  );
  const ids = JSON.stringify(stragglers.map(({ id }) => id));
  return {
    where: sql`r.id = any (array(select value::uuid from jsonb_array_elements_text(${ids}::text::jsonb)))`,
    position: from,
    isDone: stragglers.length < batchRows,
  };
}

/** Where a receipt counts the rows of a class, whichever of its tables they were in. */
const COUNTERS: Record<DataClass, SQL> = {
  decision_traces: sql`decision_traces`,
  interaction_history: sql`interaction_history`,
  ai_attachments: sql`ai_attachments`,
};

/**
 * Deletes, counts and keeps the position in one statement. The blobs of deleted attachments are written down with
 * them: nobody else would know of them.
 */
async function deleteRows(tx: Tx, { tenantId, purgeId, dataClass, table }: BatchScope, where: SQL, position: string) {
  const gone = sql`delete from ${sqlOf(table)} r where r.tenant_id = ${tenantId} and ${where}`;
  const parts =
    table === 'ai_attachments'
      ? sql`gone as (${gone} returning r.location), noted as (
          insert into retention_blobs (tenant_id, location, purge_id)
          select distinct ${tenantId}::uuid, g.location, ${purgeId}::uuid from gone g on conflict do nothing)`
      : sql`gone as (${gone} returning 1)`;
  const counter = COUNTERS[dataClass];
  await tx.execute(sql`with ${parts}
    update retention_purges set ${counter} = ${counter} + (select count(*) from gone),
      positions = positions || jsonb_build_object(${table}::text, ${position}::text)
    where tenant_id = ${tenantId} and id = ${purgeId}`);
}
