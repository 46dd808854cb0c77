// The drain to a real broker, beside kafkajs alone with the same records: acks of all, one request in flight.
import { Kafka, logLevel } from 'kafkajs';
import type { Pool } from '#db/client.ts';
import { createKafkaPublisher } from '#server/outbox/index.ts';
import { fillOutbox, startTurns } from './drain-ours.ts';

const BATCH = 500;
const PARTITIONS = 12;

/** Rows a second: one bare producer, then four lanes from the database. */
export async function kafkaRound(
  at: { owner: Pool; workerUrl: string; tenantId: string; brokers: string; round: number },
  rows: number,
  payloadBytes: number,
): Promise<{ bare: number; ours: number }> {
  const topic = (who: string) => `${who}-${at.round}`;
  const admin = new Kafka({ brokers: [at.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: ['bare', 'ours'].map((who) => ({ topic: topic(who), numPartitions: PARTITIONS })),
  });
  await admin.disconnect();
  const bare = await sendBare(at.brokers, topic('bare'), rows, payloadBytes);
  await fillOutbox(at.owner, at.tenantId, rows, payloadBytes);
  const publisher = createKafkaPublisher({
    ...{ brokers: [at.brokers], clientId: 'bench', ssl: null, sasl: null, requestTimeoutMs: 30_000 },
    topic: topic('ours'),
  });
  const startedAt = performance.now();
  const stop = await startTurns(at.workerUrl, publisher);
  for (let published = 0; published < rows; ) {
    const [row] = await at.owner<{ n: number }[]>`select coalesce(sum(published), 0)::int as n from outbox_counters`;
    published = row?.n ?? 0;
  }
  const ours = rows / ((performance.now() - startedAt) / 1_000);
  await stop();
  await publisher.close();
  return { bare, ours };
}

async function sendBare(brokers: string, topic: string, rows: number, payloadBytes: number): Promise<number> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: false, maxInFlightRequests: 1 });
  await producer.connect();
  const value = JSON.stringify({ n: 1, filler: 'x'.repeat(Math.max(0, payloadBytes - 30)) });
  const startedAt = performance.now();
  for (let n = 0; n < rows; n += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, rows - n) }, (_, i) => ({
      ...{ key: `key-${(n + i) % 5_000}`, value },
      headers: { 'mainspring-event-id': String(n + i), 'mainspring-event-type': 'bench.v1' },
    }));
    await producer.send({ topic, messages, acks: -1 });
  }
  const perSecond = rows / ((performance.now() - startedAt) / 1_000);
  await producer.disconnect();
  return perSecond;
}
