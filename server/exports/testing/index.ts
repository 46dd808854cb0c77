// What the tests of this room share: the job as its runner calls it, and rows that happened on several days.
import { passHorizon, type TestDatabase } from '#db/testing/index.ts';
import type { BlobStore } from '#server/files/index.ts';
import type { JobContext } from '#server/jobs/index.ts';
import { jobContext } from '#server/jobs/testing/index.ts';
import type { BatchLimits } from '../batch.ts';
import { exportInteractionsJob, type TenantExport } from '../export-job.ts';

export type ExportAnswer = { totalExported: number; tenants: TenantExport[] };

/** Calls the job as its runner does, without a lease. */
export async function runExport(
  db: TestDatabase,
  blobs: BlobStore,
  exportLimits?: BatchLimits,
  more: Partial<JobContext> = {},
): Promise<ExportAnswer> {
  const config = { blobs, ...(exportLimits === undefined ? {} : { exportLimits }) };
  return (await exportInteractionsJob.run(jobContext(db.worker, more), config)).answer as unknown as ExportAnswer;
}

/** Interactions that happened on three days in turn, all in one transaction, which the next export sees. */
export async function addInteractions(db: TestDatabase, tenantId: string, count: number): Promise<void> {
  await db.owner`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, context, occurred_at)
    select ${tenantId}, 'c' || n, 'o', 'web', 'impression', jsonb_build_object('n', n),
      '2026-02-27T23:30:00Z'::timestamptz + n % 3 * interval '1 day' from generate_series(1, ${count}) n`;
  await passHorizon(db.owner);
}
