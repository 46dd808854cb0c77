import { type SQL, sql } from 'drizzle-orm';
import type { DsarProgress } from '#db/schema/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { type DsarRow, isRequest } from './open-request.ts';

type Counts = Record<string, number>;

/** Keeps the place and adds to the counts, in the transaction that did what they tell of. */
export async function keepProgress(
  tx: Tx,
  request: DsarRow,
  progress: DsarProgress,
  { counts = {}, kept = {} }: { counts?: Counts; kept?: Counts },
): Promise<void> {
  await tx.execute(sql`update dsar_requests set progress = ${JSON.stringify(progress)}::text::jsonb,
      counts = ${added(sql`counts`, counts)}, kept = ${added(sql`kept`, kept)}, waiting_events = ${progress.waiting}
    where ${isRequest(request.tenantId, request.id)}`);
}

/** Names without a count are left away: they say nothing. */
function added(column: SQL, counts: Counts): SQL {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .reduce(
      (sum, [name, count]) =>
        sql`${sum} || jsonb_build_object(${name}::text, coalesce((${column} ->> ${name}::text)::bigint, 0) + ${count}::bigint)`,
      column,
    );
}

/** Adds to one count. */
export async function keepCount(tx: Tx, request: DsarRow, name: string, count: number): Promise<void> {
  await tx.execute(sql`update dsar_requests set counts = ${added(sql`counts`, { [name]: count })}
    where ${isRequest(request.tenantId, request.id)}`);
}
