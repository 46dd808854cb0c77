// Reads one batch in the order of commits. Ids and recording times are no such order: a transaction that began earlier
// can commit later. Rows come ordered by (tx, id), and only those whose transactions can have no unfinished
// neighbours before them; so a checkpoint never passes a row that is still to come.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { query, transaction } from '#server/lib/index.ts';
import { BATCH_BYTES, BATCH_ROWS, DATA_SET, READ_ROWS } from './config.ts';

/** A place in the order of commits: everything up to and including it has been exported. */
export type Position = { tx: string; id: string };
export type ExportFile = { key: string; body: string; rows: number };
export type Batch = {
  files: ExportFile[];
  rows: number;
  next: Position;
  /** The batch was full: there may be more. */
  isFull: boolean;
};
export type BatchLimits = { rows: number; bytes: number };

type Row = { tx: string; id: string; day: string; line: string };

/** The tenant's next batch after `from`; null when nothing new has been committed. */
export async function readBatch(
  pool: Pool,
  tenantId: string,
  from: Position,
  limits: BatchLimits = { rows: BATCH_ROWS, bytes: BATCH_BYTES },
): Promise<Batch | null> {
  const days = new Map<string, string[]>();
  let [rows, bytes, next] = [0, 0, from];
  while (rows < limits.rows && bytes < limits.bytes) {
    const wanted = Math.min(READ_ROWS, limits.rows - rows);
    const read = await readRows(pool, tenantId, next, wanted);
    for (const row of read) {
      if (bytes >= limits.bytes) break;
      const lines = days.get(row.day) ?? [];
      days.set(row.day, lines);
      lines.push(row.line);
      rows += 1;
      bytes += Buffer.byteLength(row.line);
      next = { tx: row.tx, id: row.id };
    }
    if (read.length < wanted) break;
  }
  if (rows === 0) return null;
  const files = [...days].map(([day, lines]) => ({
    key: fileKey(tenantId, day, from),
    body: `${lines.join('\n')}\n`,
    rows: lines.length,
  }));
  return { files, rows, next, isFull: rows >= limits.rows || bytes >= limits.bytes };
}

/**
 * Named by the place that the batch begins after, which stays the same until the checkpoint has moved: a retry writes
 * the same files again, with what it wrote before and perhaps more. (By its first row it would not be: a purge may
 * have taken that one meanwhile.) Sorted by name, the files of a day are in the order of commits.
 */
export function fileKey(tenantId: string, day: string, from: Position): string {
  const [year, month, date] = day.split('-');
  const stamp = `${from.tx.padStart(20, '0')}-${from.id}`;
  return `exports/${tenantId}/${DATA_SET}/year=${year}/month=${month}/day=${date}/batch-${stamp}.json`;
}

/** Lines as PostgreSQL writes them: numbers in a context keep all their digits. */
function readRows(pool: Pool, tenantId: string, after: Position, limit: number): Promise<Row[]> {
  return transaction(pool, { tenantId }, (tx) =>
    query<Row>(
      tx,
      sql`select r.tx::text as tx, r.id, to_char(r.occurred_at at time zone 'UTC', 'YYYY-MM-DD') as day,
          json_build_object('interactionId', r.id, 'customerId', r.customer_id, 'offerId', r.offer_id,
            'channel', r.channel, 'interactionType', r.interaction_type, 'context', r.context,
            'occurredAt', to_char(r.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'recordedAt', to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text as line
        from interaction_history r
        where r.tenant_id = ${tenantId} and (r.tx, r.id) > (${after.tx}::xid8, ${after.id}::uuid)
          and r.tx < pg_snapshot_xmin(pg_current_snapshot())
        order by r.tx, r.id limit ${limit}`,
    ),
  );
}
