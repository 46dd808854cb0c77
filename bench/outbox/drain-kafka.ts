// The drain to a real broker, beside kafkajs alone with the same records: acks of all, one request in flight.
import { Kafka, logLevel } from 'kafkajs';
import type { Pool } from '#db/client.ts';
import { newId } from '#server/lib/index.ts';
import { createKafkaPublisher } from '#server/outbox/index.ts';
import { drainThrough, fillOutbox } from './drain-ours.ts';

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
  const bare = await sendBare(at.brokers, topic('bare'), sameRecords(at.tenantId, rows, payloadBytes));
  await fillOutbox(at.owner, at.tenantId, rows, payloadBytes);
  const publisher = createKafkaPublisher({
    ...{ brokers: [at.brokers], clientId: 'bench', ssl: null, sasl: null, requestTimeoutMs: 30_000 },
    topic: topic('ours'),
  });
  const startedAt = performance.now();
  const stop = await drainThrough(at.owner, at.workerUrl, rows, publisher);
  const ours = rows / ((performance.now() - startedAt) / 1_000);
  await stop();
  await publisher.close();
  return { bare, ours };
}

/** The records that the outbox sends, made beforehand: keys, payloads as PostgreSQL spells them, and all four headers. */
function sameRecords(tenantId: string, rows: number, payloadBytes: number) {
  const filler = 'x'.repeat(Math.max(0, payloadBytes - 30));
  return Array.from({ length: rows }, (_, i) => ({
    key: `key-${(i + 1) % 5_000}`,
    value: `{"n": ${i + 1}, "filler": "${filler}"}`,
    headers: {
      'mainspring-event-id': newId(),
      'mainspring-event-type': 'bench.v1',
      'mainspring-tenant-id': tenantId,
      'mainspring-created-at': new Date().toISOString(),
    },
  }));
}

async function sendBare(brokers: string, topic: string, records: ReturnType<typeof sameRecords>): Promise<number> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: false, maxInFlightRequests: 1 });
  await producer.connect();
  const startedAt = performance.now();
  for (let n = 0; n < records.length; n += BATCH)
    await producer.send({ topic, messages: records.slice(n, n + BATCH), acks: -1 });
  const perSecond = records.length / ((performance.now() - startedAt) / 1_000);
  await producer.disconnect();
  return perSecond;
}
