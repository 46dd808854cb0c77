import { type SQL, sql } from '#db/drizzle.ts';
import type { DsarProgress } from '#db/schema/index.ts';
import { queryOne, type Tx } from '#server/lib/index.ts';
import { HANDED_ON_MS } from './config.ts';
import { inTenant } from './deps.ts';
import type { Erasure } from './erase.ts';
import { INVENTORY } from './inventory.ts';
import { type DsarRow, isRequest, type Outcome } from './open-request.ts';

const storesNow = () => INVENTORY.map(({ table }) => table);

/** The beginning of a pass over all stores. */
export async function newPass(tx: Tx, pass: number): Promise<DsarProgress> {
  const searchedAt = await databaseNow(tx);
  const place = { stores: storesNow(), store: 0, after: null, file: null };
  return { pass, ...place, found: 0, waiting: 0, searchedAt, isHandedOn: false };
}

/**
 * Whether a pass of an earlier go may be continued, and complete the request. Only one that was handed on a short time
 * ago, over the same stores: what was recorded since a pass went over a store is not found by its rest.
 */
export async function mayContinue(tx: Tx, { isHandedOn, stores, searchedAt }: DsarProgress): Promise<boolean> {
  if (!isHandedOn || stores.join() !== storesNow().join()) return false;
  const ageMs = Date.parse(await databaseNow(tx)) - Date.parse(searchedAt);
  // Below 0 the clock was set back, and nobody knows how old the pass is.
  return ageMs >= 0 && ageMs < HANDED_ON_MS;
}

async function databaseNow(tx: Tx): Promise<string> {
  const { now } = await queryOne<{ now: string }>(tx, sql`select clock_timestamp() as now`);
  return new Date(now).toISOString();
}

type Counts = Record<string, number>;

/** Keeps the place and adds to the counts, in the transaction that did what they tell of. */
export async function keepProgress(
  tx: Tx,
  request: DsarRow,
  progress: DsarProgress,
  { counts = {}, kept = {}, possible = {} }: { counts?: Counts; kept?: Counts; possible?: Counts },
): Promise<void> {
  await tx.execute(sql`update dsar_requests set progress = ${JSON.stringify(progress)}::text::jsonb,
      counts = ${added(sql`counts`, counts)}, kept = ${added(sql`kept`, kept)},
      possible = ${added(sql`possible`, possible)}, waiting_events = ${progress.waiting}
    where ${isRequest(request.tenantId, request.id)}`);
}

/** Leaves a pass to the next go, which is asked for at once: the time of this one is over. */
export const handOn = ({ deps, tenant, request }: Erasure, progress: DsarProgress): Promise<Outcome> =>
  inTenant(deps, tenant.id, async (tx): Promise<Outcome> => {
    await tx.execute(sql`update dsar_requests
      set progress = ${JSON.stringify({ ...progress, isHandedOn: true })}::text::jsonb
      where ${isRequest(tenant.id, request.id)} and state = 'running'`);
    return 'unfinished';
  });

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
