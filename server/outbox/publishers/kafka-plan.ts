// Which events go into one request: pure. A broker takes a batch per partition whole or not at all, up to a size that
// is the topic's own.

import { createdAtOf, NO_HEADERS, type OutboxEvent } from '../publisher.ts';
import { keyOf } from '../states.ts';

/** A partition's share of one request ends here; brokers take 1,048,588 bytes unless their topic says less. */
export const SEND_MAX_BYTES = 900_000;
/** A topic that took less is asked again with all of it after this. */
const FORGET_CAP_MS = 60_000;
/** Of a record beyond its key, value and headers. */
const RECORD_OVERHEAD_BYTES = 80;

export type KafkaRecord = {
  /** Its place in the claim. */
  index: number;
  orderKey: string;
  topic: string;
  /** Never less than it takes in a request. */
  bytes: number;
  key: string;
  value: string;
  headers: Record<string, string>;
};

const EVENT_ID = 'mainspring-event-id';
const EVENT_TYPE = 'mainspring-event-type';
const TENANT_ID = 'mainspring-tenant-id';
const CREATED_AT = 'mainspring-created-at';
const NAMES_BYTES = EVENT_ID.length + EVENT_TYPE.length + TENANT_ID.length + CREATED_AT.length;
const MAX_UTF8_PER_CHAR = 3;

/** What is sent of an event. Its own headers cannot stand in for ours. */
export function toRecord(event: OutboxEvent, index: number, topic: string): KafkaRecord {
  const { id, type, tenantId, key, payload } = event;
  const createdAt = createdAtOf(event);
  const ours = { [EVENT_ID]: id, [EVENT_TYPE]: type, [TENANT_ID]: tenantId, [CREATED_AT]: createdAt };
  let chars = key.length + type.length;
  let headers: Record<string, string> = ours;
  if (event.headers !== NO_HEADERS) {
    headers = { ...event.headers, ...ours };
    for (const [name, text] of Object.entries(event.headers)) chars += name.length + text.length;
  }
  const asciiBytes = NAMES_BYTES + id.length + tenantId.length + createdAt.length + RECORD_OVERHEAD_BYTES;
  const bytes = Buffer.byteLength(payload) + asciiBytes + chars * MAX_UTF8_PER_CHAR;
  return { index, orderKey: keyOf(event), topic, bytes, key, value: payload, headers };
}

/**
 * Requests in order, each with at most `capOf(topic)` bytes for one partition; a larger record goes alone.
 * `partitionOf` is asked only when a topic's share is more than one partition may get.
 */
export function planSends(
  records: readonly KafkaRecord[],
  capOf: (topic: string) => number,
  partitionOf: (record: KafkaRecord) => number,
): (readonly KafkaRecord[])[] {
  if (records.length === 0) return [];
  if (isOneSend(records, capOf)) return [records];
  const sends: KafkaRecord[][] = [];
  let current: KafkaRecord[] = [];
  let bytesOf = new Map<string, number>();
  const close = () => {
    if (current.length > 0) sends.push(current);
    current = [];
    bytesOf = new Map();
  };
  for (const record of records) {
    const place = `${record.topic} ${partitionOf(record)}`;
    const cap = capOf(record.topic);
    if (record.bytes > cap || (bytesOf.get(place) ?? 0) + record.bytes > cap) close();
    current.push(record);
    bytesOf.set(place, (bytesOf.get(place) ?? 0) + record.bytes);
    if (record.bytes > cap) close();
  }
  close();
  return sends;
}

function isOneSend(records: readonly KafkaRecord[], capOf: (topic: string) => number): boolean {
  for (const [topic, bytes] of bytesPerTopic(records)) if (bytes > capOf(topic)) return false;
  return true;
}

function bytesPerTopic(records: readonly KafkaRecord[]): Map<string, number> {
  const bytesOf = new Map<string, number>();
  for (const { topic, bytes } of records) bytesOf.set(topic, (bytesOf.get(topic) ?? 0) + bytes);
  return bytesOf;
}

/** What a topic takes at once, learned from refusals: halved until a batch passes or an event stands alone. */
export function createCaps(now: () => number = () => performance.now()) {
  const learned = new Map<string, { bytes: number; atMs: number }>();
  const capOf = (topic: string): number => {
    const cap = learned.get(topic);
    return cap && now() - cap.atMs < FORGET_CAP_MS ? cap.bytes : SEND_MAX_BYTES;
  };
  return {
    capOf,
    /** After a request was too large that had these records. */
    lower(records: readonly KafkaRecord[]): void {
      for (const [topic, bytes] of bytesPerTopic(records))
        learned.set(topic, { bytes: Math.floor(Math.min(bytes, capOf(topic)) / 2), atMs: now() });
    },
  };
}
