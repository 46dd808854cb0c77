// One connection's worth of Kafka: a producer with one request in flight and without retries of its own. After any
// error it is thrown away, sockets and all: what it had sent is unknown, and nothing of it may go on later.
import net from 'node:net';
import tls from 'node:tls';
import { Kafka, logLevel, type Producer, type SASLOptions } from 'kafkajs';
import { PublisherUnavailableError } from '../publisher.ts';
import { partitionOf } from './kafka-partition.ts';
import type { KafkaRecord } from './kafka-plan.ts';

export type KafkaConnection = {
  /** host:port, each. */
  brokers: readonly string[];
  clientId: string;
  /** Null: no TLS. `ca`: certificates in PEM, trusted instead of the system's authorities. */
  ssl: { ca: string | null } | null;
  sasl: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string } | null;
  /** An answer that does not come within this ends the producer. */
  requestTimeoutMs: number;
};

export type KafkaSender = {
  /** All of them in one request for each broker, acknowledged by all replicas. */
  send(records: readonly KafkaRecord[]): Promise<void>;
  /** Cuts it off at once. */
  discard(): void;
  /** Ends it in good order. */
  close(): Promise<void>;
};

const CONNECT_TIMEOUT_MS = 3_000;

/** Connects at the first send. `seen` is told how many partitions a topic has. */
export function createKafkaSender(
  connection: KafkaConnection,
  seen: (topic: string, partitions: number) => void,
): KafkaSender {
  const sockets = new Set<net.Socket>();
  let isDiscarded = false;
  const kafka = new Kafka({
    brokers: [...connection.brokers],
    clientId: connection.clientId,
    ssl: connection.ssl ? (connection.ssl.ca === null ? true : { ca: [connection.ssl.ca] }) : false,
    // A copy: kafkajs leaves an authenticator in what it is given.
    ...(connection.sasl ? { sasl: { ...connection.sasl } as SASLOptions } : {}),
    requestTimeout: connection.requestTimeoutMs,
    connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, connection.requestTimeoutMs),
    retry: { retries: 0 },
    // The loop logs what fails, once.
    logLevel: logLevel.NOTHING,
    socketFactory: ({ host, port, ssl, onConnect }) => {
      const name = net.isIP(host) ? {} : { servername: host };
      const socket = ssl
        ? tls.connect({ host, port, ...name, ...ssl }, onConnect)
        : net.connect({ host, port }, onConnect);
      socket.setKeepAlive(true, 30_000);
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (isDiscarded) socket.destroy(discarded());
      return socket;
    },
  });
  const producer: Producer = kafka.producer({
    // Idempotent producers of kafkajs lose acknowledged messages when an answer is lost: see the room's README.
    idempotent: false,
    maxInFlightRequests: 1,
    retry: { retries: 0 },
    createPartitioner: () => {
      let known = { topic: '', partitions: 0 };
      return ({ topic, partitionMetadata: { length: partitions }, message: { key } }) => {
        if (known.topic !== topic || known.partitions !== partitions) {
          known = { topic, partitions };
          seen(topic, partitions);
        }
        return partitionOf(String(key), partitions);
      };
    },
  });
  let connected: Promise<void> | null = null;
  const connect = () => {
    connected ??= producer.connect();
    return connected;
  };

  return {
    async send(records) {
      await connect();
      // A record has what kafkajs reads of a message, and it looks at nothing else.
      const groups = Map.groupBy(records, ({ topic }) => topic);
      const topicMessages = [...groups].map(([topic, messages]) => ({ topic, messages }));
      await producer.sendBatch({ topicMessages, acks: -1, timeout: connection.requestTimeoutMs });
    },
    discard() {
      isDiscarded = true;
      for (const socket of sockets) socket.destroy(discarded());
      producer.disconnect().catch(() => {});
    },
    async close() {
      await connected?.catch(() => {});
      await producer.disconnect();
    },
  };
}

const discarded = () => new PublisherUnavailableError('the producer was given up');
