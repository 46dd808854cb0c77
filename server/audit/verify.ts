// Walks a tenant's chain from its first place to its last and says where it first is not what was sealed.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import type { OutsideHeads } from './outside-heads.ts';
import { GENESIS, sealedTexts, sealHash } from './seal-hash.ts';

export const CHAIN_PROBLEMS = {
  changed: 'The row, or its place in the chain, is not what was sealed.',
  row_missing: 'The row that was sealed at this place is gone.',
  seal_missing: 'The seal of this place is gone.',
  row_unsealed: 'A row stands here that was never sealed: it was put in later.',
  cut_off: 'The chain ends before this place, which was seen outside the database.',
  rewritten: 'The hash at this place is not the one that was seen outside the database.',
} as const;
export type ChainProblem = keyof typeof CHAIN_PROBLEMS;

export type ChainReport = {
  tenantId: string;
  /** Sealed rows looked at. */
  checked: number;
  /** The last place of the chain; null: nothing is sealed. */
  head: { seq: number; hash: string; sealedAt: string } | null;
  /** Rows that wait for their seal. */
  unsealed: number;
  /** Places that were compared with what was kept outside the database. */
  comparedOutside: number;
  /** Null: the chain is whole. */
  firstBad: { seq: number; auditId: string | null; problem: ChainProblem } | null;
};

type Place = { seq: string; audit_id: string; hash: string; sealed_at: string; texts: (string | null)[] | null };
type Bad = NonNullable<ChainReport['firstBad']>;

const PAGE = 5_000;

/**
 * Checks one tenant's chain in one snapshot. Reads in pages of 5,000 and hashes here: 100,000 rows in seconds.
 * `outside` is what was kept of it elsewhere; without it a tail that was cut off cannot be seen.
 */
export async function verifyChain(pool: Pool, tenantId: string, outside: OutsideHeads): Promise<ChainReport> {
  return transaction(pool, { tenantId, isolation: 'repeatable read', idleTimeoutMs: 120_000 }, async (tx) => {
    const walked = await walk(tx, tenantId, outside);
    const stray = await findUnsealed(tx, tenantId);
    const [waiting] = await query<{ n: number }>(
      tx,
      sql`select count(*)::int as n from audit_log a, audit_seal_position p
        where a.tenant_id = ${tenantId} and (a.tx, a.id) > (p.tx, p.audit_id)`,
    );
    const bads = [walked.bad, stray, cutOff(walked.head?.seq ?? 0, outside)].filter((bad) => bad !== null);
    return {
      ...{ tenantId, checked: walked.checked, head: walked.head, unsealed: waiting?.n ?? 0 },
      comparedOutside: outside.size,
      firstBad: bads.sort((a, b) => a.seq - b.seq)[0] ?? null,
    };
  });
}

type Walked = { checked: number; head: ChainReport['head']; bad: Bad | null };

/** Goes on behind the first bad place for the head only: everything after it differs anyway. */
async function walk(tx: Tx, tenantId: string, outside: OutsideHeads): Promise<Walked> {
  let [seq, hash, checked]: [number, Buffer, number] = [0, GENESIS, 0];
  for (;;) {
    const places = await readPlaces(tx, tenantId, seq);
    for (const place of places) {
      const found = judge(place, { seq, hash, tenantId, outside });
      if ('problem' in found) return { checked, bad: found, head: await lastPlace(tx, tenantId) };
      checked += 1;
      seq += 1;
      hash = found.hash;
    }
    const last = places.at(-1);
    if (places.length < PAGE) return { checked, bad: null, head: last ? headOf(last) : await lastPlace(tx, tenantId) };
  }
}

function judge(
  place: Place,
  before: { seq: number; hash: Buffer; tenantId: string; outside: OutsideHeads },
): { hash: Buffer } | Bad {
  const seq = before.seq + 1;
  if (Number(place.seq) !== seq) return { seq, auditId: null, problem: 'seal_missing' };
  if (!place.texts) return { seq, auditId: place.audit_id, problem: 'row_missing' };
  const hash = sealHash(before.hash, before.tenantId, seq, place.texts);
  if (hash.toString('hex') !== place.hash) return { seq, auditId: place.audit_id, problem: 'changed' };
  const seen = before.outside.get(seq);
  if (seen !== undefined && seen !== place.hash) return { seq, auditId: place.audit_id, problem: 'rewritten' };
  return { hash };
}

const readPlaces = (tx: Tx, tenantId: string, after: number) =>
  query<Place>(
    tx,
    sql`select s.seq::text as seq, s.audit_id, encode(s.hash, 'hex') as hash, s.sealed_at,
        case when a.id is not null then ${sealedTexts} end as texts
      from audit_seals s left join audit_log a on a.tenant_id = s.tenant_id and a.id = s.audit_id
      where s.tenant_id = ${tenantId} and s.seq > ${after} order by s.seq limit ${PAGE}`,
  );

const headOf = ({ seq, hash, sealed_at }: Omit<Place, 'texts' | 'audit_id'>) => ({
  ...{ seq: Number(seq), hash },
  sealedAt: new Date(sealed_at).toISOString(),
});

async function lastPlace(tx: Tx, tenantId: string): Promise<ChainReport['head']> {
  const [last] = await query<Omit<Place, 'texts' | 'audit_id'>>(
    tx,
    sql`select s.seq::text as seq, encode(s.hash, 'hex') as hash, s.sealed_at from audit_seals s
      where s.tenant_id = ${tenantId} order by s.seq desc limit 1`,
  );
  return last ? headOf(last) : null;
}

/** The first row that the sealer has passed and that has no seal, with the place where it would stand. */
async function findUnsealed(tx: Tx, tenantId: string): Promise<Bad | null> {
  const [stray] = await query<{ id: string; place: string }>(
    tx,
    sql`with stray as (
        select a.id, a.tx from audit_log a cross join audit_seal_position p
        where a.tenant_id = ${tenantId} and (a.tx, a.id) <= (p.tx, p.audit_id)
          and not exists (select from audit_seals s where s.tenant_id = a.tenant_id and s.audit_id = a.id)
        order by a.tx, a.id limit 1)
      select stray.id, (select coalesce(max(s.seq), 0) + 1 from audit_seals s
          join audit_log a on a.tenant_id = s.tenant_id and a.id = s.audit_id
          where s.tenant_id = ${tenantId} and (a.tx, a.id) < (stray.tx, stray.id))::text as place from stray`,
  );
  return stray ? { seq: Number(stray.place), auditId: stray.id, problem: 'row_unsealed' } : null;
}

function cutOff(headSeq: number, outside: OutsideHeads): Bad | null {
  let highest = 0;
  for (const seq of outside.keys()) highest = Math.max(highest, seq);
  return highest > headSeq ? { seq: headSeq + 1, auditId: null, problem: 'cut_off' } : null;
}
