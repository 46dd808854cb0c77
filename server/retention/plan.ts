// Reads the one rule of what is deleted when (retention_plan in the database), and the lock that it is read under.
import { sql } from '#db/drizzle.ts';
import { DATA_CLASSES, type DataClass, type RetentionMode } from '#db/schema/index.ts';
import { query, type Tx } from '#server/lib/index.ts';

export type PlannedClass = {
  dataClass: DataClass;
  /** The policy's own days; null without a policy, 0 where the policy sets no limit. */
  ownDays: number | null;
  isHeld: boolean;
  /** The days that apply, and the recording time before which rows go; null: nothing is deleted. */
  days: number | null;
  cutoffAt: string | null;
};
export type Plan = {
  mode: RetentionMode;
  classes: Record<DataClass, PlannedClass>;
  /** The smallest days that apply to any class; 0 where nothing is deleted. */
  retentionDays: number;
  hasSubjectHolds: boolean;
};

/**
 * Locks the tenant's retention until the commit: of placing a hold, changing a policy and deleting a batch only one
 * happens at a time. Read policies and holds after it, in a statement of their own.
 */
export async function lockRetention(tx: Tx, tenantId: string): Promise<void> {
  const lock = sql`select 1 as one from retention_settings where tenant_id = ${tenantId} for update`;
  if ((await query(tx, lock)).length > 0) return;
  await tx.execute(sql`insert into retention_settings (tenant_id) values (${tenantId}) on conflict do nothing`);
  await tx.execute(lock);
}

export async function readPlan(tx: Tx, tenantId: string): Promise<Plan> {
  const rows = await query<PlannedClass & Pick<Plan, 'mode' | 'hasSubjectHolds'>>(
    tx,
    sql`select p.data_class as "dataClass", p.own_days as "ownDays", p.is_held as "isHeld", p.days,
        to_char(p.cutoff_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "cutoffAt",
        coalesce((select s.mode from retention_settings s where s.tenant_id = ${tenantId}), 'per_class') as mode,
        exists (select from retention_holds h where h.tenant_id = ${tenantId} and h.customer_id is not null
          and h.released_at is null) as "hasSubjectHolds"
      from retention_plan(${tenantId}) p`,
  );
  const days = rows.flatMap((row) => row.days ?? []);
  return {
    mode: rows[0]?.mode ?? 'per_class',
    classes: byClass((dataClass) => rows.find((row) => row.dataClass === dataClass)!),
    retentionDays: days.length > 0 ? Math.min(...days) : 0,
    hasSubjectHolds: rows[0]?.hasSubjectHolds ?? false,
  };
}

export function byClass<T>(of: (dataClass: DataClass) => T): Record<DataClass, T> {
  return Object.fromEntries(DATA_CLASSES.map((dataClass) => [dataClass, of(dataClass)])) as Record<DataClass, T>;
}

/** Whether the tenant's mode deletes the class before its own days are over: the smallest of another one applies. */
export function isDeletedEarly({ mode }: Plan, { ownDays, days }: PlannedClass): boolean {
  return mode === 'strictest' && days !== null && (ownDays === null || ownDays === 0 || days < ownDays);
}
