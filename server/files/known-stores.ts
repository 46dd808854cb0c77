import { sql } from '#db/drizzle.ts';
import { query, type Tx } from '#server/lib/index.ts';
import type { ReadableBlobStore } from './blob-store.ts';

/** Writes down that blobs are kept here, for the time when they are kept elsewhere. */
export async function keepBlobStore(tx: Tx, { place }: Pick<ReadableBlobStore, 'place'>): Promise<void> {
  await tx.execute(sql`insert into blob_stores (place) values (${place}) on conflict do nothing`);
}

/** Where blobs were kept before, as words (`the folder /srv/blobs`): every store ever used but this one. */
export async function earlierBlobStores(tx: Tx, { place }: Pick<ReadableBlobStore, 'place'>): Promise<string[]> {
  const rows = await query<{ place: string }>(
    tx,
    sql`select place from blob_stores where place <> ${place} order by first_at, place`,
  );
  return rows.map((row) => row.place);
}
