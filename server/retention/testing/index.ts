// What the tests of this room are made with: tenants, rows of a chosen age, and the job as its runner calls it.

import type { DataClass, RetentionMode } from '#db/schema/index.ts';
import type { TestDatabase } from '#db/testing/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { type Ctx, createTenant, type Tenant } from '#server/tenancy/index.ts';
import type { DeleteBlob } from '../blobs.ts';
import { placeHold } from '../holds.ts';
import { setMode, setPolicy } from '../policies.ts';
import { dsarPurgeJob, type TenantPurge } from '../purge-job.ts';

export { historyMonth } from './history-month.ts';

const log = createLogger({ level: 'silent', tier: 'test' });

export type Keeper = Awaited<ReturnType<typeof openKeeper>>;
export type PurgeAnswer = {
  tenantsScanned: number;
  totalBlobsAttempted: number;
  perTenant: TenantPurge[];
  errors: string[];
};

/** A tenant with its retention, called as its admin. */
export async function openKeeper(db: TestDatabase, slug: string, mode: RetentionMode = 'per_class') {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const actor = { kind: 'system', id: 'test' } as const;
  const ctx: Ctx = { pool: db.app, tenant, actor, requestId: 'test', log };
  await setMode(ctx, { mode });
  return {
    tenant,
    ctx,
    keep: (dataClass: DataClass, retentionDays: number, legalHold?: boolean) =>
      setPolicy(ctx, { dataClass, retentionDays, note: '', ...(legalHold === undefined ? {} : { legalHold }) }),
    holdClass: (dataClass: DataClass) => placeHold(ctx, { kind: 'class', dataClass, reason: 'a matter' }),
    holdSubject: (customerId: string, acceptEmpty = false) =>
      placeHold(ctx, { kind: 'subject', customerId, reason: 'a matter', acceptEmpty }),
    counts: () => countRows(db, tenant.id),
  };
}

export async function countRows(db: TestDatabase, tenantId: string) {
  const [row] = await db.owner<{ decisionTraces: number; interactionHistory: number; aiAttachments: number }[]>`
    select (select count(*)::int from decision_traces where tenant_id = ${tenantId}) as "decisionTraces",
      (select count(*)::int from interaction_history where tenant_id = ${tenantId}) as "interactionHistory",
      (select count(*)::int from ai_attachments where tenant_id = ${tenantId}) as "aiAttachments"`;
  return row!;
}

/**
 * Interactions of one customer, each with a trace and an attachment, recorded `ageDays` ago; they say to have happened
 * `occurredDaysAgo` ago. Their ids are of that time, as those of rows that have lain there since.
 */
export async function addRows(
  db: TestDatabase,
  tenant: Pick<Tenant, 'id'>,
  of: { customerId: string; ageDays: number; count?: number; occurredDaysAgo?: number; location?: string },
): Promise<void> {
  const { customerId, ageDays, count = 1, occurredDaysAgo = ageDays, location = newId() } = of;
  await db.owner`
    with made as (
      select n, now() - ${ageDays} * interval '1 day' as at,
        overlay(ms_uuid()::text placing left(ms_uuid_at(now() - ${ageDays} * interval '1 day')::text, 13) from 1 for 13)::uuid as id
      from generate_series(1, ${count}) n),
    interactions as (
      insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type, occurred_at, created_at)
      select ${tenant.id}, id, ${customerId}, 'o', 'web', 'impression', now() - ${occurredDaysAgo} * interval '1 day', at from made),
    traces as (
      insert into decision_traces (tenant_id, id, interaction_id, customer_id, trace, created_at)
      select ${tenant.id}, id, id, ${customerId}, '{}', at from made)
    insert into ai_attachments (tenant_id, id, interaction_id, customer_id, name, content_type, size_bytes, sha256, location, created_at)
    select ${tenant.id}, id, id, ${customerId}, 'a.txt', 'text/plain', 1, '', ${location} || '/' || n, at from made`;
}

/** Outcomes of interactions that are not there (any more), recorded `ageDays` ago with ids of that time. */
export async function addOutcomes(
  db: TestDatabase,
  tenant: Pick<Tenant, 'id'>,
  { customerId, ageDays, count = 1 }: { customerId: string; ageDays: number; count?: number },
): Promise<void> {
  await db.owner`insert into interaction_outcomes (tenant_id, id, interaction_id, customer_id, outcome, created_at)
    select ${tenant.id}, overlay(ms_uuid()::text placing left(ms_uuid_at(at)::text, 13) from 1 for 13)::uuid, gen_random_uuid(),
      ${customerId}, 'accepted', at
    from (select now() - ${ageDays} * interval '1 day' as at from generate_series(1, ${count})) made`;
}

/** Calls the job as its runner does, without a lease. */
export async function runPurge(
  db: TestDatabase,
  params: Record<string, string> = {},
  more: Partial<JobContext> & { deleteBlob?: DeleteBlob; batchRows?: number; budgetMs?: number } = {},
): Promise<PurgeAnswer> {
  const { deleteBlob = async () => 'deleted' as const, batchRows, budgetMs, ...context } = more;
  const ctx: JobContext = {
    ...{ pool: db.worker, log, processId: 'test', runId: newId(), signal: new AbortController().signal, params },
    fence: async () => {},
    failPoint: () => {},
    ...context,
  };
  const result = await dsarPurgeJob.run(ctx, {
    blobs: { put: async () => {}, delete: deleteBlob },
    ...(batchRows === undefined ? {} : { purgeBatchRows: batchRows }),
    ...(budgetMs === undefined ? {} : { purgeBudgetMs: budgetMs }),
  });
  return { ...(result.answer as unknown as Omit<PurgeAnswer, 'errors'>), errors: result.errors ?? [] };
}
