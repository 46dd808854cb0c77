// Rows of the audit log as an application writes them, and their seals.
import type { TestDatabase } from '#db/testing/index.ts';
import { type ChainHead, sealBatch } from '../index.ts';

export function openSealing(db: TestDatabase) {
  /** `n` rows as an application writes them, each in a transaction of its own or all in one. */
  const log = (tenantId: string, n: number) => db.owner`
    insert into audit_log (tenant_id, actor_kind, actor_id, action, target_id, details, before, after)
    select ${tenantId}, 'user', 'ada@example.org', 'pipeline.pause', 'p' || i, jsonb_build_object('n', i),
      jsonb_build_object('paused', false, 'n', i), jsonb_build_object('paused', true, 'n', i)
    from generate_series(1, ${n}) i`;

  async function sealAll(limit = 1_000): Promise<{ sealed: number; heads: ChainHead[] }> {
    let sealed = 0;
    const heads = new Map<string, ChainHead>();
    for (;;) {
      const batch = await sealBatch(db.worker, { limit });
      sealed += batch.sealed;
      for (const head of batch.heads) heads.set(head.tenantId, head);
      if (!batch.isFull) return { sealed, heads: [...heads.values()] };
    }
  }
  const seals = () => db.owner<{ tenant_id: string; seq: string; audit_id: string }[]>`
    select s.tenant_id, s.seq::text as seq, s.audit_id from audit_seals s order by s.tenant_id, s.seq`;
  const wipe = () => db.owner`truncate audit_log, audit_seals`;
  /** The horizon is the cluster's: another file's transaction may hold it for a moment. */
  async function sealed(expected: number, limit = 1_000): Promise<ChainHead[]> {
    const heads = new Map<string, ChainHead>();
    for (let total = 0; total < expected; ) {
      const batch = await sealAll(limit);
      total += batch.sealed;
      for (const head of batch.heads) heads.set(head.tenantId, head);
      if (batch.sealed === 0) await new Promise((done) => setTimeout(done, 20));
    }
    return [...heads.values()];
  }
  return { log, sealAll, seals, wipe, sealed };
}
