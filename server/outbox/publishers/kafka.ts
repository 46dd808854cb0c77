// Events to Kafka: at least once, in order per key. A producer for each lane; after any error a new one.
import { setTimeout as wait } from 'node:timers/promises';
import type { EventPublisher, OutboxEvent, PublishOutcome } from '../publisher.ts';
import { keyOf } from '../states.ts';
import { judgeKafkaError, type KafkaVerdict } from './kafka-errors.ts';
import { partitionOf } from './kafka-partition.ts';
import { createCaps, type KafkaRecord, planSends, toRecord } from './kafka-plan.ts';
import { createKafkaSender, type KafkaConnection, type KafkaSender } from './kafka-sender.ts';
import { topicsOf } from './topic.ts';

export type KafkaPublisherOptions = KafkaConnection & {
  /** OUTBOX_TOPIC: `{type}` and `{tenant}` stand for the event's. */
  topic: string;
};

/** A new topic has a leader soon; without one after this part of the time there is no such topic. */
const PATIENCE_PART = 0.2;
const PATIENCE_STEP_MS = 100;
/** After this part of its time a publish that isolates poison returns what it knows. */
const PART_OF_DEADLINE = 0.6;

export function createKafkaPublisher(options: KafkaPublisherOptions): EventPublisher {
  const senders = new Map<number, KafkaSender>();
  const partitions = new Map<string, number>();
  const caps = createCaps();

  function senderOf(lane: number): KafkaSender {
    const present = senders.get(lane);
    if (present) return present;
    const sender = createKafkaSender(options, (topic, count) => partitions.set(topic, count));
    senders.set(lane, sender);
    return sender;
  }
  function discard(lane: number, sender: KafkaSender): void {
    sender.discard();
    if (senders.get(lane) === sender) senders.delete(lane);
  }

  /** -1: how many partitions the topic has is not known yet; then its share counts as one partition's. */
  function placeOf({ topic, key }: KafkaRecord): number {
    const count = partitions.get(topic);
    return count ? partitionOf(key, count) : -1;
  }

  /** One request; when it fails, whose fault that was. */
  async function send(
    lane: number,
    records: readonly KafkaRecord[],
    signal: AbortSignal,
  ): Promise<KafkaVerdict | null> {
    signal.throwIfAborted();
    const sender = senderOf(lane);
    const abort = () => discard(lane, sender);
    signal.addEventListener('abort', abort);
    try {
      await sender.send(records);
      return null;
    } catch (error) {
      discard(lane, sender);
      return judgeKafkaError(error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  return {
    backend: 'kafka',
    async publish(events, { lane, signal, deadlineMs }) {
      const startedMs = performance.now();
      const isPast = (part: number) => performance.now() - startedMs > deadlineMs * part;
      const work = createWork(events);

      async function attempt(chunk: readonly KafkaRecord[]): Promise<void> {
        const records = work.sendable(chunk);
        // Whatever is known by then is worth more than an end without any result.
        if (records.length === 0 || (isPast(PART_OF_DEADLINE) && work.hasOutcome())) return;
        let verdict = await send(lane, records, signal);
        while (verdict && isNewTopic(verdict) && !isPast(PATIENCE_PART)) {
          await wait(PATIENCE_STEP_MS, undefined, { signal });
          verdict = await send(lane, records, signal);
        }
        if (verdict === null) return work.published(records);
        if (verdict.fault === 'backend') throw verdict.error;
        if (records.length === 1) return work.refused(records[0]!, verdict);
        if (verdict.fault === 'size') {
          caps.lower(records);
          for (const smaller of planSends(records, caps.capOf, placeOf)) await attempt(smaller);
          return;
        }
        const middle = records.length >> 1;
        await attempt(records.slice(0, middle));
        await attempt(records.slice(middle));
      }

      const topicFor = topicsOf(options.topic);
      const records: KafkaRecord[] = [];
      for (const [index, event] of events.entries()) {
        const { topic, bad } = topicFor(event);
        if (bad === null) records.push(toRecord(event, index, topic));
        else work.invalid(index, new Error(bad));
      }
      for (const chunk of planSends(records, caps.capOf, placeOf)) await attempt(chunk);
      return work.outcomes();
    },
    async close() {
      await Promise.all([...senders.values()].map((sender) => sender.close().catch(() => sender.discard())));
      senders.clear();
    },
  };
}

const isNewTopic = (verdict: KafkaVerdict) =>
  verdict.fault === 'missing topic' || (verdict.fault === 'backend' && verdict.isElecting);

const PUBLISHED: PublishOutcome = { kind: 'published' };

/** What is known of a claim's events while it is sent. */
function createWork(events: readonly OutboxEvent[]) {
  const known = new Map<number, PublishOutcome>();
  /** Keys by the place of their first refused event: later ones must wait for it. */
  const broken = new Map<string, number>();
  const badTopics = new Map<string, PublishOutcome>();
  const refuse = (index: number, orderKey: string, outcome: PublishOutcome) => {
    known.set(index, outcome);
    if (outcome.kind === 'refused' && !outcome.isFinal) breakKey(orderKey, index);
  };
  const breakKey = (orderKey: string, index: number) =>
    broken.set(orderKey, Math.min(index, broken.get(orderKey) ?? Number.POSITIVE_INFINITY));
  return {
    hasOutcome: () => known.size > 0,
    /** Without those whose key waits; those of a topic that takes none are refused here. */
    sendable(records: readonly KafkaRecord[]): readonly KafkaRecord[] {
      if (broken.size === 0 && badTopics.size === 0) return records;
      return records.filter(({ index, orderKey, topic }) => {
        if (index > (broken.get(orderKey) ?? Number.POSITIVE_INFINITY)) return false;
        const bad = badTopics.get(topic);
        if (bad) refuse(index, orderKey, bad);
        return !bad;
      });
    },
    published(records: readonly KafkaRecord[]) {
      for (const { index } of records) known.set(index, PUBLISHED);
    },
    invalid(index: number, error: Error) {
      known.set(index, { kind: 'refused', error, isFinal: true });
    },
    refused(record: KafkaRecord, verdict: KafkaVerdict) {
      const isFinal = verdict.fault === 'size' || ('isFinal' in verdict && verdict.isFinal);
      const outcome: PublishOutcome = { kind: 'refused', error: reasonOf(record, verdict), isFinal };
      if (verdict.fault === 'topic' || verdict.fault === 'missing topic') badTopics.set(record.topic, outcome);
      refuse(record.index, record.orderKey, outcome);
    },
    outcomes: (): PublishOutcome[] =>
      events.map((event, index) => {
        const outcome = known.get(index);
        if (outcome) return outcome;
        return index > (broken.get(keyOf(event)) ?? Number.POSITIVE_INFINITY) ? { kind: 'held' } : { kind: 'unsent' };
      }),
  };
}

function reasonOf(record: KafkaRecord, verdict: KafkaVerdict): Error {
  const size = verdict.fault === 'size' ? ` (${Buffer.byteLength(record.value)} bytes)` : '';
  return new Error(`topic "${record.topic}"${size}: ${verdict.error.message}`, { cause: verdict.error });
}
