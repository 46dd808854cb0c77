import { type SQL, sql } from '#db/drizzle.ts';
import { laneOf } from '#db/outbox-lane.ts';
import { newId, prepareOnce, queryOne, ServiceError, type Tx } from '#server/lib/index.ts';
import { MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES } from './config.ts';
import { enqueueFailures } from './metrics.ts';
import { wakePublishers } from './wake.ts';

export type NewEvent = {
  tenantId: string;
  /** Say its version: `interaction.recorded.v1`. */
  type: string;
  /** Events of one key are published in the order in which their transactions followed each other. */
  key: string;
  payload: Record<string, unknown>;
  headers?: Record<string, string>;
};

const value = sql.placeholder;
const PAYLOAD = sql`${value('eventPayload')}::jsonb`;
const HEADERS = sql`${value('eventHeaders')}::jsonb`;
type Value = 'tenantId' | 'eventId' | 'eventType' | 'eventKey' | 'eventPayload' | 'eventLane';
// `tx` and `seq` come from their defaults, in this order: see the migration. Each event pays for what stands here: its lane is worked
// out before, nothing comes back, and without headers there is nothing to parse. The casts keep the limits of type and key from being
// looked up for each value that is sent, on top of each that is stored.
const storing = (headers: SQL): SQL =>
  sql`insert into outbox_events (tenant_id, id, type, key, payload, lane, payload_bytes, headers, headers_bytes)
    values (${value('tenantId')}::uuid, ${value('eventId')}::uuid, ${value('eventType')}::text, ${value('eventKey')}::text, ${PAYLOAD},
      ${value('eventLane')}::smallint, octet_length((${PAYLOAD})::text), ${headers})`;
const BARE = storing(sql`default, 2`);
const storeBare = prepareOnce<never, Value>(BARE);
const storeWithHeaders = prepareOnce<never, Value | 'eventHeaders'>(
  storing(sql`${HEADERS}, octet_length((${HEADERS})::text)`),
);

/**
 * Stores an event in the caller's transaction and wakes the publishers after its commit. Whatever is thrown, the
 * transaction must not be committed: the event and what it tells of go together.
 * @throws ServiceError OUTBOX_EVENT_TOO_LARGE, OUTBOX_EVENT_REFUSED, OUTBOX_UNAVAILABLE
 */
export async function appendEvent(tx: Tx, event: NewEvent): Promise<{ eventId: string }> {
  const eventHeaders = JSON.stringify(event.headers ?? {});
  if (eventHeaders === '{}') return append(tx, event, (values) => storeBare(tx, values));
  if (Buffer.byteLength(eventHeaders) > MAX_HEADERS_BYTES)
    throw tooLarge(Buffer.byteLength(JSON.stringify(event.payload)));
  return append(tx, event, (values) => storeWithHeaders(tx, { ...values, eventHeaders }));
}

/**
 * The same for an event and the row it tells of, by one statement, which costs less than two. `row`: an INSERT of `sql.placeholder`s that
 * stores one row or fails, as the event is stored whatever became of it; its `tenantId` is the event's. Returns what stores both.
 * @throws as appendEvent, and what the database says against the row's table; what names no table is taken for the event's
 */
export function prepareWithEvent<Name extends string>(row: SQL) {
  const storeBoth = prepareOnce<never, Value | Name>(sql`with written as (${row}) ${BARE}`);
  return (tx: Tx, event: NewEvent & { headers?: never }, ofRow: Record<Name, string | null>) =>
    append(tx, event, (values) => storeBoth(tx, { ...ofRow, ...values }));
}

async function append(
  tx: Tx,
  { tenantId, type, key, payload }: NewEvent,
  store: (values: Record<Value, string>) => Promise<unknown>,
): Promise<{ eventId: string }> {
  const eventId = newId();
  const eventPayload = JSON.stringify(payload);
  const payloadBytes = Buffer.byteLength(eventPayload);
  if (payloadBytes > MAX_PAYLOAD_BYTES) throw tooLarge(payloadBytes);
  const lane = laneOf(tenantId, key);
  try {
    await store({ tenantId, eventId, eventType: type, eventKey: key, eventPayload, eventLane: String(lane) });
  } catch (error) {
    throw refusal(error, payloadBytes);
  }
  tx.afterCommit(() => wakePublishers([lane]));
  return { eventId };
}

/**
 * Stores what a pipeline run has laid down in `pg_temp.ms_events` (node_id, event_type, event_key, payload), in its
 * order, in the run's own transaction. Returns how many.
 */
export async function appendStagedEvents(
  tx: Tx,
  run: { tenantId: string; headers: Record<string, string> },
): Promise<number> {
  try {
    const { stored } = await queryOne<{ stored: number }>(
      tx,
      sql`with stored as (
          insert into outbox_events (tenant_id, type, key, payload, headers, lane, payload_bytes, headers_bytes)
          select e.tenant_id, e.type, e.key, e.payload, e.headers, outbox_lane(e.tenant_id, e.key),
            octet_length(e.payload::text), octet_length(e.headers::text)
          from (select ${run.tenantId}::uuid as tenant_id, event_type as type, event_key as key, payload,
              ${JSON.stringify(run.headers)}::jsonb || jsonb_build_object('mainspring-node', node_id) as headers
            from pg_temp.ms_events order by ctid) e
          returning 1)
        select count(*)::int as stored from stored`,
    );
    if (stored > 0) tx.afterCommit(wakePublishers);
    return stored;
  } catch (error) {
    refusal(error, 0);
    throw error;
  }
}

function tooLarge(payloadBytes: number): ServiceError {
  enqueueFailures.labels('too_large').inc();
  return new ServiceError(
    'OUTBOX_EVENT_TOO_LARGE',
    `the event's payload has ${payloadBytes} bytes, of ${MAX_PAYLOAD_BYTES} allowed (headers ${MAX_HEADERS_BYTES}); send less`,
    { payloadBytes, maxBytes: MAX_PAYLOAD_BYTES },
  );
}

/** The error itself where the database names another table. */
function refusal(error: unknown, payloadBytes: number): unknown {
  const { code, constraint, table } = databaseError(error);
  if (table !== '' && !table.startsWith('outbox_events')) return error;
  // jsonb spells some values longer than JSON does: the check of the table is the last word.
  if (constraint.includes('payload_bytes') || constraint.includes('headers')) return tooLarge(payloadBytes);
  if (/^2[23]/.test(code)) {
    enqueueFailures.labels('constraint').inc();
    return new ServiceError('OUTBOX_EVENT_REFUSED', undefined, { sqlState: code, constraint }, { cause: error });
  }
  enqueueFailures.labels(/^(57P|08|CONN|E[A-Z]+$)/.test(code) ? 'connection' : 'other').inc();
  return new ServiceError('OUTBOX_UNAVAILABLE', undefined, undefined, { cause: error });
}

/** The driver's error, from below the query builder's. */
function databaseError(error: unknown): { code: string; constraint: string; table: string } {
  if (!(error instanceof Error)) return { code: '', constraint: '', table: '' };
  if (!('code' in error)) return databaseError(error.cause);
  const constraint = 'constraint_name' in error ? String(error.constraint_name) : '';
  const table = 'table_name' in error ? String(error.table_name) : '';
  return { code: String(error.code), constraint, table };
}
