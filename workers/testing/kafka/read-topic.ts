import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, Kafka, logLevel } from 'kafkajs';

export type ReadRecord = {
  topic: string;
  partition: number;
  offset: bigint;
  key: string;
  value: string;
  headers: Record<string, string>;
};

const STALLED_MS = 60_000;
// Node does not find this name among those of a CommonJS module.
const { ConfigResourceTypes } = kafkajs;

/** Admin client of a broker without anything in between. */
const clientOf = (brokers: string) => new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });

/** Makes topics; `config` as in `max.message.bytes`. */
export async function makeTopics(
  brokers: string,
  topics: { topic: string; partitions: number; config?: Record<string, string> }[],
): Promise<void> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      // kafkajs's own waiting gives up on a topic that the broker does not know yet.
      waitForLeaders: false,
      topics: topics.map(({ topic, partitions, config }) => ({
        topic,
        numPartitions: partitions,
        configEntries: Object.entries(config ?? {}).map(([name, value]) => ({ name, value })),
      })),
    });
    for (const { topic } of topics) await offsetsOf(admin, topic);
  } finally {
    await admin.disconnect();
  }
}

/** The ends of a topic's partitions, as soon as each has a leader that answers. */
async function offsetsOf(admin: Admin, topic: string) {
  const deadline = Date.now() + STALLED_MS;
  for (;;) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Changes settings of a topic, as an operator does. */
export async function configureTopic(brokers: string, topic: string, config: Record<string, string>): Promise<void> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin
    .alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }] })
    .finally(() => admin.disconnect());
}

/** Everything that stands in a topic now, each partition in its order. */
export async function readTopic(brokers: string, topic: string): Promise<ReadRecord[]> {
  const kafka = clientOf(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await offsetsOf(admin, topic).finally(() => admin.disconnect());
  const ends = new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)]));
  const left = new Set([...ends].filter(([, end]) => end > 0n).map(([partition]) => partition));
  const records: ReadRecord[] = [];
  if (left.size === 0) return records;
  const { promise: allRead, resolve, reject } = Promise.withResolvers<void>();
  let timer = setTimeout(() => {}, 0);
  const touch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => reject(new Error(`reading ${topic} stalled at ${records.length} records`)), STALLED_MS);
  };
  touch();
  const consumer = kafka.consumer({ groupId: `read-${randomUUID()}`, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        touch();
        for (const message of batch.messages) records.push(toRecord(topic, batch.partition, message));
        if (BigInt(batch.lastOffset()) + 1n >= (ends.get(batch.partition) ?? 0n)) left.delete(batch.partition);
        if (left.size === 0) resolve();
      },
    });
    await allRead;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return records;
}

type Message = {
  key: Buffer | null;
  value: Buffer | null;
  offset: string;
  headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
};

const toRecord = (topic: string, partition: number, message: Message): ReadRecord => ({
  ...{ topic, partition, offset: BigInt(message.offset) },
  key: message.key?.toString() ?? '',
  value: message.value?.toString() ?? '',
  headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, text]) => [name, String(text)])),
});
