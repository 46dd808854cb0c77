import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCaps, type KafkaRecord, planSends, SEND_MAX_BYTES } from './kafka-plan.ts';
import { partitionOf } from './kafka-sender.ts';
import { topicOf, whyBadTopic } from './topic.ts';

const record = (index: number, topic: string, partition: number, bytes: number): KafkaRecord => ({
  ...{ index, orderKey: `k${index}`, topic, partition, bytes, key: `k${index}`, headers: {} },
  value: Buffer.alloc(0),
});
const records = fc
  .array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: -1, max: 2 }), fc.integer({ min: 1, max: 1_200 })))
  .map((rows) => rows.map(([topic, partition, bytes], index) => record(index, topic, partition, bytes)));

describe('the plan of a claim', () => {
  it('keeps every event and its order, and no request has more for a partition than its topic takes', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 1_000 }), (all, cap) => {
        const sends = planSends(all, () => cap);
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
    expect(planSends(all, () => 100).map((send) => send.map(({ index }) => index))).toEqual([[0], [1], [2]]);
    const mixed = [record(0, 'a', 0, 10), record(1, 'a', 1, 900), record(2, 'a', 0, 10)];
    expect(planSends(mixed, () => 100).map((send) => send.map(({ index }) => index))).toEqual([[0], [1], [2]]);
  });

  it('ends after halving: a refused batch of any size comes down to single events', () => {
    const caps = createCaps();
    const all = Array.from({ length: 500 }, (_, index) => record(index, 'a', 0, 300));
    let sends = planSends(all, caps.capOf);
    for (let refusals = 0; sends.some((send) => send.length > 1); refusals += 1) {
      expect(refusals).toBeLessThan(20);
      caps.lower(sends.find((send) => send.length > 1)!);
      sends = planSends(all, caps.capOf);
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
  it('puts one key always into the same partition', () => {
    for (const key of ['a', 'customer-17', 'ü'])
      expect(new Set([1, 2, 3].map(() => partitionOf('t', key, 12))).size).toBe(1);
    const used = new Set(Array.from({ length: 200 }, (_, n) => partitionOf('t', `k${n}`, 12)));
    expect(used.size).toBe(12);
  });
});
