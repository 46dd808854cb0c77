import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { gauge, type Logger, query, transaction } from '#server/lib/index.ts';
import { type OutsideHeads, outsideHeadsOf } from './outside-heads.ts';
import { type ChainReport, verifyChain } from './verify.ts';

const broken = gauge('audit_broken_chains', 'Tenants whose audit chain was not whole at the last check');

/** All tenants that have a chain, or had one that was seen outside; the instance's log among them. */
export async function listChains(pool: Pool, outside: ReadonlyMap<string, OutsideHeads>): Promise<string[]> {
  const rows = await transaction(pool, {}, (tx) =>
    query<{ tenant_id: string }>(tx, sql`select distinct tenant_id from audit_seals where seq = 1`),
  );
  return [...new Set([...rows.map((row) => row.tenant_id), ...outside.keys()])].sort();
}

/** Walks every chain as the worker role, writes what was found for the page, and says aloud what is not whole. */
export async function checkChains(
  pool: Pool,
  log: Logger,
  outside: ReadonlyMap<string, OutsideHeads>,
): Promise<ChainReport[]> {
  const reports: ChainReport[] = [];
  for (const tenantId of await listChains(pool, outside)) {
    const report = await verifyChain(pool, tenantId, outsideHeadsOf(outside, tenantId));
    await keepReport(pool, report);
    if (report.firstBad) log.error({ tenantId, ...report.firstBad }, 'the audit chain is not whole');
    reports.push(report);
  }
  broken.set(reports.filter((report) => report.firstBad).length);
  return reports;
}

function keepReport(pool: Pool, { tenantId, head, firstBad }: ChainReport): Promise<unknown> {
  return transaction(pool, { tenantId }, (tx) =>
    tx.execute(sql`insert into audit_checks (tenant_id, head_seq, first_bad_seq, problem)
      values (${tenantId}, ${head?.seq ?? 0}, ${firstBad?.seq ?? null}, ${firstBad?.problem ?? null})
      on conflict (tenant_id) do update set checked_at = now(), head_seq = excluded.head_seq,
        first_bad_seq = excluded.first_bad_seq, problem = excluded.problem`),
  );
}
