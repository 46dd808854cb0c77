import { type SQL, sql } from '#db/drizzle.ts';
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

/** What follows from an event: its lane, and the bytes of its payload and headers as they are stored. */
const following = (of: { tenantId: SQL; key: SQL; payload: SQL; headers: SQL }): SQL =>
  sql`outbox_lane(${of.tenantId}, ${of.key}), octet_length((${of.payload})::text), octet_length((${of.headers})::text)`;
const FOLLOWING = following({
  ...{ tenantId: sql`e.tenant_id`, key: sql`e.key`, payload: sql`e.payload`, headers: sql`e.headers` },
});

const value = sql.placeholder;
const GIVEN = {
  tenantId: sql`${value('tenantId')}::uuid`,
  key: sql`${value('key')}::text`,
  payload: sql`${value('payload')}::jsonb`,
  headers: sql`${value('headers')}::jsonb`,
};
// `tx` and `seq` come from their defaults, in this order: see the migration.
const storeEvent = prepareOnce<{ lane: number }, keyof typeof GIVEN | 'eventId' | 'type'>(
  sql`insert into outbox_events (tenant_id, id, type, key, payload, headers, lane, payload_bytes, headers_bytes)
    values (${GIVEN.tenantId}, ${value('eventId')}, ${value('type')}, ${GIVEN.key}, ${GIVEN.payload}, ${GIVEN.headers}, ${following(GIVEN)})
    returning lane`,
);

/**
 * Stores an event in the caller's transaction and wakes the publishers after its commit. Whatever is thrown, the
 * transaction must not be committed: the event and what it tells of go together.
 * @throws ServiceError OUTBOX_EVENT_TOO_LARGE, OUTBOX_EVENT_REFUSED, OUTBOX_UNAVAILABLE
 */
export async function appendEvent(tx: Tx, event: NewEvent): Promise<{ eventId: string }> {
  const eventId = newId();
  const payload = JSON.stringify(event.payload);
  const headers = JSON.stringify(event.headers ?? {});
  const payloadBytes = Buffer.byteLength(payload);
  if (payloadBytes > MAX_PAYLOAD_BYTES || Buffer.byteLength(headers) > MAX_HEADERS_BYTES) throw tooLarge(payloadBytes);
  try {
    const { tenantId, type, key } = event;
    const stored = await storeEvent(tx, { tenantId, eventId, type, key, payload, headers });
    tx.afterCommit(() => wakePublishers(stored.map(({ lane }) => lane)));
  } catch (error) {
    throw refusal(error, payloadBytes);
  }
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
          select e.tenant_id, e.type, e.key, e.payload, e.headers, ${FOLLOWING}
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

function refusal(error: unknown, payloadBytes: number): ServiceError {
  const { code, constraint } = databaseError(error);
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
function databaseError(error: unknown): { code: string; constraint: string } {
  if (!(error instanceof Error)) return { code: '', constraint: '' };
  if (!('code' in error)) return databaseError(error.cause);
  const constraint = 'constraint_name' in error ? String(error.constraint_name) : '';
  return { code: String(error.code), constraint };
}
