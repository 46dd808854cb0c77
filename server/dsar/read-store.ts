// What an access request is given of a store: copies of rows, a few at a time.

import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import { BATCH_ROWS, READ_ROWS } from './config.ts';
import type { Store, Subject } from './inventory.ts';
import { isBetween, isOwn, keyOrder, type Place, placeOfRow, tableOf } from './match.ts';

type Given = { place: string; line: string };

/** The subject's own rows as JSON, a line each; `beforePage` may throw, also while nothing is found. */
export async function* readStore(
  pool: Pool,
  { tenantId, store, subject }: { tenantId: string; store: Store; subject: Subject },
  beforePage: () => void,
): AsyncGenerator<string> {
  const isGiven = isOwn(store, subject);
  for (let after: Place = null; ; ) {
    beforePage();
    const from: Place = after;
    const page: { rows: Given[]; next: Place } = await transaction(pool, { tenantId }, (tx) =>
      readPage(tx, { tenantId, store, isGiven }, from),
    );
    for (const { line } of page.rows) yield line;
    if (page.next === null) return;
    after = page.next;
  }
}

type Scope = { tenantId: string; store: Store; isGiven: SQL };

/** `next`: where the next page begins; null: that was the last. */
async function readPage(tx: Tx, { tenantId, store, isGiven }: Scope, after: Place) {
  const upTo = store.isGoneOver ? await endOfRange(tx, store, tenantId, after) : null;
  const hidden = JSON.stringify(['tenant_id', 'tx', ...(store.hidden ?? [])]);
  const rows = await query<Given>(
    tx,
    sql`select ${placeOfRow(store)} as place,
        (to_jsonb(r) - (select array_agg(h.name) from jsonb_array_elements_text(${hidden}::text::jsonb) h (name)))::text as line
      from ${tableOf(store)} r
      where r.tenant_id = ${tenantId} and ${isBetween(store, after, upTo)} and ${isGiven}
      order by ${keyOrder(store)} limit ${READ_ROWS}`,
  );
  const isFull = rows.length === READ_ROWS;
  return { rows, next: isFull ? (rows.at(-1)?.place ?? null) : upTo };
}

async function endOfRange(tx: Tx, store: Store, tenantId: string, after: Place): Promise<Place> {
  const [last] = await query<{ place: string }>(
    tx,
    sql`select ${placeOfRow(store)} as place from ${tableOf(store)} r
      where r.tenant_id = ${tenantId} and ${isBetween(store, after, null)}
      order by ${keyOrder(store)} limit 1 offset ${BATCH_ROWS - 1}`,
  );
  return last?.place ?? null;
}
