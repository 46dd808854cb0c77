import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import {
  CHAIN_PROBLEMS,
  type ChainProblem,
  headsFolder,
  type OutsideHeads,
  outsideHeadsOf,
  readHeads,
  verifyChain,
} from '#server/audit/index.ts';
import { query, queryOne, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { logOf } from './read-audit.ts';
import type { ChainState, ChainVerdict } from './schemas.ts';

type Input = { log: 'tenant' | 'instance' };

let home: string | null = null;
/** Where this process finds the heads that are kept outside the database; set at boot. */
export function readHeadsBelow(mainspringHome: string): void {
  home = mainspringHome;
}

/** Up to where the chain is sealed, and what the last check of the worker said. */
export function getChain(ctx: Ctx, input: Input): Promise<z.infer<typeof ChainState>> {
  const tenantId = logOf(ctx, input.log);
  return transaction(ctx.pool, { tenantId }, async (tx) => {
    const [head] = await query<{ seq: string; hash: string; sealed_at: string }>(
      tx,
      sql`select s.seq::text as seq, encode(s.hash, 'hex') as hash, s.sealed_at from audit_seals s
        where s.tenant_id = ${tenantId} order by s.seq desc limit 1`,
    );
    // What is behind the sealer's position is few rows, and the index on (tx, id) begins with them.
    const { n } = await queryOne<{ n: number }>(
      tx,
      sql`select count(*)::int as n from (select from audit_log a cross join audit_seal_position p
        where a.tenant_id = ${tenantId} and a.tx >= p.tx and (a.tx, a.id) > (p.tx, p.audit_id) limit 1000) waiting`,
    );
    const [check] = await query<{
      checked_at: string;
      head_seq: number;
      first_bad_seq: number | null;
      problem: ChainProblem | null;
    }>(
      tx,
      sql`select checked_at, head_seq::float8 as head_seq, first_bad_seq::float8 as first_bad_seq, problem
        from audit_checks where tenant_id = ${tenantId}`,
    );
    return {
      head: head ? { seq: Number(head.seq), hash: head.hash, sealedAt: new Date(head.sealed_at).toISOString() } : null,
      unsealed: n,
      lastCheck: check
        ? {
            checkedAt: new Date(check.checked_at).toISOString(),
            ...{ headSeq: check.head_seq, firstBadSeq: check.first_bad_seq, problem: check.problem },
          }
        : null,
    };
  });
}

/** Walks the whole chain now and compares it with the heads that this server keeps outside the database. */
export async function verifyAudit(ctx: Ctx, input: Input): Promise<z.infer<typeof ChainVerdict>> {
  const tenantId = logOf(ctx, input.log);
  const outside: ReadonlyMap<string, OutsideHeads> = home === null ? new Map() : await readHeads(headsFolder(home));
  const report = await verifyChain(ctx.pool, tenantId, outsideHeadsOf(outside, tenantId));
  const { checked, unsealed, comparedOutside, head, firstBad } = report;
  return {
    isWhole: firstBad === null,
    ...{ checked, unsealed, comparedOutside, head },
    firstBad: firstBad && { ...firstBad, says: CHAIN_PROBLEMS[firstBad.problem] },
  };
}
