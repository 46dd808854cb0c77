// Which events go into one request: pure. A broker takes a batch per partition whole or not at all, up to a size that
// is the topic's own.

import type { OutboxEvent } from '../publisher.ts';
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
  /** -1: how many partitions the topic has is not known yet. */
  partition: number;
  bytes: number;
  key: string;
  value: Buffer;
  headers: Record<string, string>;
};

/** What is sent of an event. Its own headers cannot stand in for ours. */
export function toRecord(event: OutboxEvent, index: number, topic: string, partition: number): KafkaRecord {
  const headers = {
    ...event.headers,
    'mainspring-event-id': event.id,
    'mainspring-event-type': event.type,
    'mainspring-tenant-id': event.tenantId,
    'mainspring-created-at': event.createdAt,
  };
  const value = Buffer.from(event.payload);
  const headerBytes = Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + text.length * 3, 0);
  const bytes = value.byteLength + event.key.length * 3 + headerBytes + RECORD_OVERHEAD_BYTES;
  return { index, orderKey: keyOf(event), topic, partition, bytes, key: event.key, value, headers };
}

/** Requests in order, each with at most `capOf(topic)` bytes for one partition; a larger record goes alone. */
export function planSends(records: readonly KafkaRecord[], capOf: (topic: string) => number): KafkaRecord[][] {
  const sends: KafkaRecord[][] = [];
  let current: KafkaRecord[] = [];
  let bytesOf = new Map<string, number>();
  const close = () => {
    if (current.length > 0) sends.push(current);
    current = [];
    bytesOf = new Map();
  };
  for (const record of records) {
    const place = `${record.topic} ${record.partition}`;
    const cap = capOf(record.topic);
    if (record.bytes > cap || (bytesOf.get(place) ?? 0) + record.bytes > cap) close();
    current.push(record);
    bytesOf.set(place, (bytesOf.get(place) ?? 0) + record.bytes);
    if (record.bytes > cap) close();
  }
  close();
  return sends;
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
      const bytesOf = new Map<string, number>();
      for (const { topic, bytes } of records) bytesOf.set(topic, (bytesOf.get(topic) ?? 0) + bytes);
      for (const [topic, bytes] of bytesOf)
        learned.set(topic, { bytes: Math.floor(Math.min(bytes, capOf(topic)) / 2), atMs: now() });
    },
  };
}
