import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { NO_HEADERS } from '../publisher.ts';
import { partitionOf } from './kafka-partition.ts';
import { createCaps, type KafkaRecord, planSends, SEND_MAX_BYTES, toRecord } from './kafka-plan.ts';
import { topicOf, topicsOf, whyBadTopic } from './topic.ts';

type Placed = KafkaRecord & { partition: number };
const record = (index: number, topic: string, partition: number, bytes: number): Placed => ({
  ...{ index, orderKey: `k${index}`, topic, partition, bytes, key: `k${index}`, value: '', headers: {} },
});
const placeOf = (of: KafkaRecord) => (of as Placed).partition;
const plan = (all: readonly Placed[], capOf: (topic: string) => number) =>
  planSends(all, capOf, placeOf) as (readonly Placed[])[];
const records = fc
  .array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: -1, max: 2 }), fc.integer({ min: 1, max: 1_200 })))
  .map((rows) => rows.map(([topic, partition, bytes], index) => record(index, topic, partition, bytes)));

describe('the plan of a claim', () => {
  it('keeps every event and its order, and no request has more for a partition than its topic takes', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 1_000 }), (all, cap) => {
        const sends = plan(all, () => cap);
        expect(sends.flat()).toEqual(all);
        for (const send of sends) {
          const bytesOf = new Map<string, number>();
          for (const { topic, partition, bytes } of send)
            bytesOf.set(`${topic} ${partition}`, (bytesOf.get(`${topic} ${partition}`) ?? 0) + bytes);
          const largest = Math.max(...bytesOf.values());
          if (largest > cap) expect(send).toHaveLength(1);
        }
      }),
    );
  });

  it('sends an event that its topic is too small for alone', () => {
    const all = [record(0, 'a', 0, 10), record(1, 'a', 0, 900), record(2, 'a', 0, 10)];
    expect(plan(all, () => 100).map((send) => send.map(({ index }) => index))).toEqual([[0], [1], [2]]);
    const mixed = [record(0, 'a', 0, 10), record(1, 'a', 1, 900), record(2, 'a', 0, 10)];
    expect(plan(mixed, () => 100).map((send) => send.map(({ index }) => index))).toEqual([[0], [1], [2]]);
  });

  it('ends after halving: a refused batch of any size comes down to single events', () => {
    const caps = createCaps();
    const all = Array.from({ length: 500 }, (_, index) => record(index, 'a', 0, 300));
    let sends = plan(all, caps.capOf);
    for (let refusals = 0; sends.some((send) => send.length > 1); refusals += 1) {
      expect(refusals).toBeLessThan(20);
      caps.lower(sends.find((send) => send.length > 1)!);
      sends = plan(all, caps.capOf);
    }
    expect(sends).toHaveLength(500);
  });

  it('forgets after a minute what a topic refused', () => {
    let nowMs = 0;
    const caps = createCaps(() => nowMs);
    caps.lower([record(0, 'a', 0, 1_000)]);
    expect([caps.capOf('a'), caps.capOf('b')]).toEqual([500, SEND_MAX_BYTES]);
    nowMs = 61_000;
    expect(caps.capOf('a')).toBe(SEND_MAX_BYTES);
  });
});

describe('the topic of an event', () => {
  it('puts the type and the tenant into the template', () => {
    expect(topicOf('ms.{tenant}.{type}', { type: 'a.v1', tenantId: 't1' })).toBe('ms.t1.a.v1');
  });
  it.each(['', '.', '..', 'a b', 'a/b', 'é', 'x'.repeat(250)])('cannot be %j', (name) => {
    expect(whyBadTopic(name)).toContain('Kafka topic');
  });
  it('is made for each type and tenant, and one that Kafka would not take is told', () => {
    const topicFor = topicsOf('ms.{tenant}.{type}');
    const of = (type: string, tenantId: string) => topicFor({ type, tenantId });
    expect([of('a', '1'), of('a', '1'), of('b', '1'), of('b', '2')].map(({ topic }) => topic)).toEqual([
      ...['ms.1.a', 'ms.1.a', 'ms.1.b', 'ms.2.b'],
    ]);
    expect(of('a b', '1').bad).toContain('Kafka topic');
    expect(of('a', '1').bad).toBeNull();
  });
});

describe('the partition of a key', () => {
  it('is the one that kafkajs and Kafka’s own clients choose', () => {
    const theirs = Partitioners.DefaultPartitioner();
    const metadata = (count: number) =>
      Array.from({ length: count }, (_, partitionId) => ({
        ...{ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] },
      }));
    const key = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 2_000 }));
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 50 }), (text, count) => {
        const message = { key: text, value: null };
        expect(partitionOf(text, count)).toBe(theirs({ topic: 't', partitionMetadata: metadata(count), message }));
      }),
    );
    expect(partitionOf('x'.repeat(5_000), 1_000)).toBe(
      theirs({ topic: 't', partitionMetadata: metadata(1_000), message: { key: 'x'.repeat(5_000), value: null } }),
    );
  });

  it('is the same in any order of asking, and every partition is used', () => {
    const used = Array.from({ length: 200 }, (_, n) => partitionOf(`k${n}`, 12));
    expect(new Set(used).size).toBe(12);
    expect(Array.from({ length: 200 }, (_, n) => partitionOf(`k${n}`, 12))).toEqual(used);
  });
});

describe('the record of an event', () => {
  const event = {
    ...{ seq: 1, id: 'e', tenantId: 't', type: 'ü.v1', key: 'ключ', payload: '{"text": "日本"}', attempts: 0 },
    createdAtMs: Date.parse('2026-11-22T06:00:00.000Z'),
  };
  const sizeOf = (of: KafkaRecord) => Buffer.byteLength(of.key + of.value + Object.entries(of.headers).flat().join(''));

  it('keeps the payload to the byte, and counts at least the bytes that it takes', () => {
    for (const headers of [NO_HEADERS, {}, { ä: '本', 'mainspring-event-id': 'forged' }]) {
      const made = toRecord({ ...event, headers }, 0, 'topic');
      expect(made).toMatchObject({ key: event.key, value: event.payload, topic: 'topic' });
      expect(made.headers).toMatchObject({ 'mainspring-event-id': 'e', 'mainspring-tenant-id': 't' });
      expect(made.bytes).toBeGreaterThanOrEqual(sizeOf(made));
    }
  });
});
