// Reads the rows of a range that was planned, as files by the day on which they happened.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, transaction } from '#server/lib/index.ts';
import { READ_ROWS } from './config.ts';
import { type DataSet, tableOf } from './data-set.ts';

/** A place in the order of commits: everything up to and including it. */
export type Position = { tx: string; id: string };
/** After `from`, up to and including `to`. */
export type Range = { from: Position; to: Position };
export type ExportFile = { key: string; body: string; rows: number };
export type BatchLimits = { rows: number; bytes: number };

type Row = { tx: string; id: string; day: string; line: string };

/** The files of a range: none where a purge has taken all of its rows since it was planned. */
export async function readFiles(
  pool: Pool,
  tenantId: string,
  set: DataSet,
  { from, to }: Range,
): Promise<ExportFile[]> {
  const days = new Map<string, string[]>();
  for (let after = from; ; ) {
    const rows = await readRows(pool, tenantId, set, { from: after, to });
    for (const { day, line } of rows) {
      const lines = days.get(day) ?? [];
      days.set(day, lines);
      lines.push(line);
    }
    const last = rows.at(-1);
    if (!last || rows.length < READ_ROWS) break;
    after = { tx: last.tx, id: last.id };
  }
  return [...days].map(([day, lines]) => ({
    key: fileKey(tenantId, set.name, day, from),
    body: `${lines.join('\n')}\n`,
    rows: lines.length,
  }));
}

/**
 * Named by the place that the batch begins after, which stays the same until the checkpoint has moved: a retry writes
 * the same files again. (By its first row it would not be: a purge may have taken that one meanwhile.) Sorted by name,
 * the files of a day are in the order of commits.
 */
export function fileKey(tenantId: string, set: string, day: string, from: Position): string {
  const [year, month, date] = day.split('-');
  const stamp = `${from.tx.padStart(20, '0')}-${from.id}`;
  return `exports/${tenantId}/${set}/year=${year}/month=${month}/day=${date}/batch-${stamp}.json`;
}

function readRows(pool: Pool, tenantId: string, set: DataSet, { from, to }: Range): Promise<Row[]> {
  return transaction(pool, { tenantId }, (tx) =>
    query<Row>(
      tx,
      sql`select r.tx::text as tx, r.id, to_char(r.occurred_at at time zone 'UTC', 'YYYY-MM-DD') as day, ${set.line} as line
        from ${tableOf(set)} r
        where r.tenant_id = ${tenantId} and (r.tx, r.id) > (${from.tx}::xid8, ${from.id}::uuid)
          and (r.tx, r.id) <= (${to.tx}::xid8, ${to.id}::uuid)
        order by r.tx, r.id limit ${READ_ROWS}`,
    ),
  );
}
