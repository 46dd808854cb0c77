import type { ReadableBlobStore } from '#server/files/index.ts';
import type { JobContext, JobTenant } from '#server/jobs/index.ts';
import { type Tx, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';

export type DsarDeps = Pick<JobContext, 'pool' | 'log' | 'signal' | 'fence' | 'failPoint'> & {
  blobs: ReadableBlobStore;
  /** Whether the time that requests get is over: what is left goes on later. */
  isOver?: () => boolean;
  /** This go does what was asked for and what another has left: what failed by itself waits for the next cleanup. */
  isGoOn?: boolean;
  /** Default GIVE_MS. */
  giveMs?: number;
  /** Default BATCH_ROWS. */
  batchRows?: number;
  /** Default PUBLISH_WAIT_MS. */
  publishWaitMs?: number;
  /** Default WRITER_WAIT_MS. */
  writerWaitMs?: number;
};

/** One step of a request, which only the lease's holder may commit. */
export const inTenant = <T>(deps: DsarDeps, tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  transaction(deps.pool, { tenantId }, async (tx) => {
    await deps.fence(tx);
    return work(tx);
  });

/** As whom the audit log names what requests come to. */
export const systemCtx = (deps: DsarDeps, tenant: JobTenant, requestId: string): Ctx => ({
  pool: deps.pool,
  tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
  actor: { kind: 'system', id: 'dsar' },
  requestId,
  log: deps.log,
});
