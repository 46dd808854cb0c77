// Gives audit rows their place in their tenant's chain, after they were committed. The database says which rows can
// have no earlier one any more: all transactions numbered below the oldest running one have ended, so what commits
// late is sealed late and never left out.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { gauge, query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import { GENESIS, sealedTexts, sealHash } from './seal-hash.ts';

/** The last place of a tenant's chain; `hash` in hexadecimal. */
export type ChainHead = { tenantId: string; seq: number; hash: string };
export type Sealed = {
  /** Rows sealed by this pass. */
  sealed: number;
  /** The heads that moved. */
  heads: ChainHead[];
  /** There may be more. */
  isFull: boolean;
};

const LOCK = 'mainspring audit sealer';
const unsealedAge = gauge('audit_unsealed_seconds', 'Age of the oldest audit row that has no seal yet');

type Row = { id: string; tenant_id: string; at: string; is_sealed: boolean; texts: (string | null)[] };

/**
 * Seals up to `limit` rows of all tenants in one transaction, as the worker role. Two at once do no harm: the second
 * does nothing; killed midway, nothing of it is there.
 */
export async function sealBatch(pool: Pool, { limit }: { limit: number }): Promise<Sealed> {
  return transaction(pool, {}, async (tx) => {
    const { mine } = await queryOne<{ mine: boolean }>(
      tx,
      sql`select pg_try_advisory_xact_lock(hashtextextended(${LOCK}, 0)) as mine`,
    );
    if (!mine) return { sealed: 0, heads: [], isFull: false };
    const next = await nextRows(tx, limit);
    const last = next.at(-1);
    if (!last) return { sealed: 0, heads: [], isFull: false };
    await tx.execute(sql`update audit_seal_position set tx = ${last.at}::xid8, audit_id = ${last.id}`);
    // Only where an operator set the position back, after a restore into another cluster, are some sealed already.
    const rows = next.filter((row) => !row.is_sealed);
    const heads = await headsOf(tx, [...new Set(rows.map((row) => row.tenant_id))]);
    const seals = rows.map((row) => {
      const before = heads.get(row.tenant_id) ?? { seq: 0, hash: GENESIS };
      const seq = before.seq + 1;
      const hash = sealHash(before.hash, row.tenant_id, seq, row.texts);
      heads.set(row.tenant_id, { seq, hash });
      return { tenantId: row.tenant_id, seq, auditId: row.id, hash: hash.toString('hex') };
    });
    await tx.execute(sql`insert into audit_seals (tenant_id, seq, audit_id, hash)
      select t, s, a, decode(h, 'hex') from unnest(${texts(seals.map((seal) => seal.tenantId))}::uuid[],
        ${texts(seals.map((seal) => String(seal.seq)))}::bigint[], ${texts(seals.map((seal) => seal.auditId))}::uuid[],
        ${texts(seals.map((seal) => seal.hash))}::text[]) as u(t, s, a, h)`);
    const moved = [...heads].map(([tenantId, { seq, hash }]) => ({ tenantId, seq, hash: hash.toString('hex') }));
    return { sealed: rows.length, heads: moved, isFull: next.length === limit };
  });
}

/** As one parameter: ids and hexadecimal digits need no quoting inside an array's text. */
const texts = (values: readonly string[]) => `{${values.join(',')}}`;

/** The position is read first: with it as a constant each partition's index gives its rows in order. */
async function nextRows(tx: Tx, limit: number): Promise<Row[]> {
  const after = await queryOne<{ at: string; id: string }>(
    tx,
    sql`select tx::text as at, audit_id as id from audit_seal_position`,
  );
  return query<Row>(
    tx,
    sql`select a.id, a.tenant_id, a.tx::text as at, ${sealedTexts} as texts,
        exists (select from audit_seals s where s.tenant_id = a.tenant_id and s.audit_id = a.id) as is_sealed
      from audit_log a
      where (a.tx, a.id) > (${after.at}::xid8, ${after.id}::uuid) and a.tx < pg_snapshot_xmin(pg_current_snapshot())
      order by a.tx, a.id limit ${limit}`,
  );
}

async function headsOf(tx: Tx, tenantIds: string[]): Promise<Map<string, { seq: number; hash: Buffer }>> {
  const rows = await query<{ tenant_id: string; seq: string; hash: string }>(
    tx,
    sql`select t.id as tenant_id, h.seq::text as seq, encode(h.hash, 'hex') as hash
      from unnest(${texts(tenantIds)}::uuid[]) as t(id) cross join lateral
        (select seq, hash from audit_seals s where s.tenant_id = t.id order by seq desc limit 1) h`,
  );
  return new Map(rows.map((row) => [row.tenant_id, { seq: Number(row.seq), hash: Buffer.from(row.hash, 'hex') }]));
}

/** Tells the metric how long the oldest unsealed row has waited: a writer that stays open stops the sealing. */
export async function observeUnsealed(pool: Pool): Promise<number> {
  const { seconds } = await transaction(pool, {}, (tx) =>
    queryOne<{ seconds: number }>(
      tx,
      sql`select coalesce(extract(epoch from clock_timestamp() - min(o.created_at)), 0)::float8 as seconds from (
        select a.created_at from audit_log a, audit_seal_position p where (a.tx, a.id) > (p.tx, p.audit_id)
        order by a.tx, a.id limit 1) o`,
    ),
  );
  unsealedAge.set(seconds);
  return seconds;
}

/** The last place of every tenant's chain, tenants ascending. */
export async function listHeads(pool: Pool): Promise<ChainHead[]> {
  const rows = await transaction(pool, {}, (tx) =>
    query<{ tenant_id: string; seq: string; hash: string }>(
      tx,
      // The tenants by their first places, then one step down the key for each.
      sql`select t.tenant_id, h.seq::text as seq, encode(h.hash, 'hex') as hash
        from (select distinct tenant_id from audit_seals) t cross join lateral
          (select s.seq, s.hash from audit_seals s where s.tenant_id = t.tenant_id order by s.seq desc limit 1) h
        order by t.tenant_id`,
    ),
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, seq: Number(row.seq), hash: row.hash }));
}
