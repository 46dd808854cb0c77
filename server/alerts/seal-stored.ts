// Seals the addresses that an earlier release left in the clear. The key is not in the database, so no migration can; the
// web process, which has it, begins at boot. Rows are sealed a few a transaction and told by their form: whoever stops is
// followed by whoever comes next, and several at once pass over each other's rows. Meanwhile they work as they are.

import type { Pool } from '#db/client.ts';
import { type SQL, sql } from '#db/drizzle.ts';
import type { AlertChannel as StoredChannel } from '#db/schema/index.ts';
import { type Logger, logError, query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import { sealWebhook } from './stored-channels.ts';

const BATCH_ROWS = 50;
/** Of deliveries that are over: only what they say goes. */
const BATCH_DONE = 1_000;

const LISTS = [sql`alert_rules`, sql`report_schedules`];
const isPlainList = sql`jsonb_path_exists(channels, '$[*].url')`;
const isPlainDelivery = sql`channel ->> 'url' is not null`;

/** `left`: rows that somebody else holds. */
export type SealedStored = { sealed: number; left: number };

/**
 * One pass over all tenants; what cannot be sealed of one leaves the others sealed.
 * @throws the first of such errors, at the end (ServiceError SECRETS_UNAVAILABLE); the signal's reason, between two batches
 */
export async function sealStoredChannels(pool: Pool, signal?: AbortSignal): Promise<SealedStored> {
  const tenants = await transaction(pool, {}, (tx) =>
    query<{ id: string }>(tx, sql`select tenant_id as id from instance_tenants() order by 1`),
  );
  const total = { sealed: 0, left: 0 };
  const errors: unknown[] = [];
  for (const { id } of tenants) {
    try {
      await sealTenant(pool, id, total, signal);
    } catch (error) {
      signal?.throwIfAborted();
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return total;
}

async function sealTenant(pool: Pool, tenantId: string, total: SealedStored, signal?: AbortSignal): Promise<void> {
  const inTurn = async (batch: (tx: Tx, tenantId: string) => Promise<number>, full: number) => {
    for (let count = full; count === full; total.sealed += count) {
      signal?.throwIfAborted();
      count = await transaction(pool, { tenantId }, (tx) => batch(tx, tenantId));
    }
  };
  for (const table of LISTS) await inTurn((tx) => sealLists(tx, tenantId, table), BATCH_ROWS);
  await inTurn(sealDeliveries, BATCH_ROWS);
  await inTurn(clearDone, BATCH_DONE);
  total.left += await transaction(pool, { tenantId }, (tx) => countPlain(tx, tenantId));
}

async function sealLists(tx: Tx, tenantId: string, table: SQL): Promise<number> {
  const rows = await query<{ id: string; channels: StoredChannel[] }>(
    tx,
    sql`select id, channels from ${table} where tenant_id = ${tenantId} and ${isPlainList}
      order by id limit ${BATCH_ROWS} for update skip locked`,
  );
  for (const { id, channels } of rows) {
    const sealed: StoredChannel[] = [];
    for (const channel of channels)
      sealed.push(channel.kind === 'webhook' ? await sealWebhook(tx, tenantId, channel) : channel);
    await tx.execute(sql`update ${table} set channels = ${JSON.stringify(sealed)}::jsonb
      where tenant_id = ${tenantId} and id = ${id}`);
  }
  return rows.length;
}

/** Those that are still to be sent. */
async function sealDeliveries(tx: Tx, tenantId: string): Promise<number> {
  const rows = await query<{ id: string; channel: Extract<StoredChannel, { kind: 'webhook' }> }>(
    tx,
    sql`select id, channel from alert_deliveries where tenant_id = ${tenantId} and status = 'pending'
        and ${isPlainDelivery}
      order by id limit ${BATCH_ROWS} for update skip locked`,
  );
  for (const { id, channel } of rows)
    await tx.execute(sql`update alert_deliveries
      set channel = ${JSON.stringify(await sealWebhook(tx, tenantId, channel))}::jsonb
      where tenant_id = ${tenantId} and id = ${id}`);
  return rows.length;
}

/** Of one that is sent or given up the history shows the kind of its channel, and nobody needs more. */
async function clearDone(tx: Tx, tenantId: string): Promise<number> {
  const rows = await query(
    tx,
    sql`update alert_deliveries set channel = jsonb_build_object('kind', channel -> 'kind')
      where tenant_id = ${tenantId} and id in (select id from alert_deliveries where tenant_id = ${tenantId}
        and status <> 'pending' and ${isPlainDelivery} limit ${BATCH_DONE} for update skip locked)
      returning 1`,
  );
  return rows.length;
}

async function countPlain(tx: Tx, tenantId: string): Promise<number> {
  const lists = LISTS.map(
    (table) => sql`(select count(*)::int from ${table} where tenant_id = ${tenantId} and ${isPlainList})`,
  );
  const { left } = await queryOne<{ left: number }>(
    tx,
    sql`select ${sql.join(lists, sql` + `)}
      + (select count(*)::int from alert_deliveries where tenant_id = ${tenantId} and ${isPlainDelivery}) as left`,
  );
  return left;
}

/** While something is left or could not be done. */
const AGAIN_MS = 60_000;
/** A process of the earlier release that is still there may write another one. */
const LATER_MS = 3_600_000;

/** Seals from `start` on, in the background; `stop` waits for the batch that it is at. */
export function channelSealing({ pool, log }: { pool: Pool; log: Logger }) {
  let timer: NodeJS.Timeout | undefined;
  let passing: Promise<void> = Promise.resolve();
  const stopping = new AbortController();
  async function pass(): Promise<void> {
    let isDone = false;
    try {
      const found = await sealStoredChannels(pool, stopping.signal);
      isDone = found.left === 0;
      if (found.sealed > 0) log.info(found, "webhooks' addresses that stood in the clear were sealed");
    } catch (error) {
      if (!stopping.signal.aborted) logError(log, error, "webhooks' addresses could not be sealed; trying again");
    }
    if (!stopping.signal.aborted) timer = setTimeout(start, isDone ? LATER_MS : AGAIN_MS).unref();
  }
  function start(): void {
    passing = pass();
  }
  return {
    start,
    async stop(): Promise<void> {
      stopping.abort();
      clearTimeout(timer);
      await passing;
    },
  };
}
