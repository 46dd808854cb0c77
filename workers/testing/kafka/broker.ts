// A real Kafka (KRaft, one process is broker and controller) in a folder and on ports of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import { findKafka } from '#db/testing/components.ts';
import { requireComponent } from '#db/testing/require.ts';
import { freePorts } from '../ports.ts';
import { makeCertificates, STORE_PASSWORD } from './certificates.ts';

const GUARD = fileURLToPath(new URL('./guard.ts', import.meta.url));
const READY_MS = 120_000;
const STOP_MS = 20_000;
export const SASL_USER = { username: 'mainspring', password: 'a-password-of-the-test' };
const { username, password } = SASL_USER;

export type KafkaAddresses = {
  /** Bootstrap address without anything in between. */
  brokers: string;
  /** The same broker for clients that sign in with SASL/PLAIN as SASL_USER. */
  saslBrokers: string;
  /** The same over TLS, where SASL_USER signs in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; null unless asked for. */
  sealed: { brokers: string; caFile: string } | null;
  /** Ways to it that a proxy can stand in: whoever listens on `port` passes on to `upstream`. */
  proxies: { port: number; upstream: string }[];
};
export type KafkaBroker = KafkaAddresses & {
  /** Ends it; `SIGKILL` as a crash does. The data stays for `start`. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again and waits until it answers. */
  start(): Promise<void>;
  /** Stops it for good. */
  discard(): Promise<void>;
};

/** Whether tests with Kafka can run here; a missing one is said aloud. */
export function hasKafka(): boolean {
  const isThere = findKafka() !== null && spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0;
  return requireComponent('Kafka', isThere, 'bin/tools kafka');
}

/**
 * Starts a broker in `dir` (made when missing) and waits until it answers. It ends with the process `ownerPid`
 * (default: this one), and `dir` with it. Topics are made on first use with `partitions` partitions. `isSealed` adds
 * a listener with TLS.
 */
export async function startKafka(options: {
  dir: string;
  ownerPid?: number;
  proxies?: number;
  partitions?: number;
  isSealed?: boolean;
}): Promise<KafkaBroker> {
  const libs = findKafka();
  if (!libs) throw new Error('Kafka is missing: get it with `bin/tools kafka`');
  await mkdir(options.dir, { recursive: true });
  const addresses = await configure(options);
  const java = (main: string[], memory: string) => [memory, '-XX:+UseSerialGC', '-cp', join(libs, '*'), ...main];
  const config = join(options.dir, 'server.properties');
  // A leading hyphen would be read as an option.
  const clusterId = `A${randomBytes(16).toString('base64url').slice(1)}`;
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config];
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
    (mechanism) => `${mechanism}=[name=${username},password=${password}]`,
  );
  const users = addresses.sealed ? scram.flatMap((user) => ['--add-scram', user]) : [];
  await run('java', java([...format, ...users], '-Xmx128m'));
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const log = openSync(join(options.dir, 'broker.log'), 'a');
    const command = ['java', ...java(['kafka.Kafka', config], '-Xmx512m')];
    const owner = String(options.ownerPid ?? process.pid);
    child = spawn(process.execPath, [GUARD, owner, options.dir, ...command], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    child.unref();
    await waitUntilReady(child, addresses.brokers, join(options.dir, 'broker.log'));
  }

  /** The guard and Kafka are a process group of their own. */
  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const group = child;
    child = null;
    if (!group?.pid || group.exitCode !== null) return;
    const ended = once(group, 'exit');
    process.kill(-group.pid, signal);
    const timer = setTimeout(() => process.kill(-group.pid!, 'SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  await start();
  return { ...addresses, start, stop, discard: () => stop('SIGKILL') };
}

async function configure(options: Parameters<typeof startKafka>[0]): Promise<KafkaAddresses> {
  const { dir, proxies = 0, partitions = 6, isSealed = false } = options;
  const [direct, sasl, tls, controller, ...rest] = await freePorts(4 + 2 * proxies);
  const certificates = isSealed ? await makeCertificates(dir) : null;
  const ways = Array.from({ length: proxies }, (_, n) => ({ port: rest[2 * n]!, inner: rest[2 * n + 1]! }));
  const local = (port: number | undefined) => `127.0.0.1:${port}`;
  const listeners = [
    { name: 'DIRECT', at: direct, says: direct, protocol: 'PLAINTEXT' },
    { name: 'SIGNED', at: sasl, says: sasl, protocol: 'SASL_PLAINTEXT' },
    ...(certificates ? [{ name: 'SEALED', at: tls, says: tls, protocol: 'SASL_SSL' }] : []),
    ...ways.map(({ port, inner }, n) => ({ name: `WAY${n}`, at: inner, says: port, protocol: 'PLAINTEXT' })),
  ];
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${local(controller)}`,
    'controller.listener.names=CONTROLLER',
    `listeners=${listeners.map(({ name, at }) => `${name}://${local(at)}`).join(',')},CONTROLLER://${local(controller)}`,
    `advertised.listeners=${listeners.map(({ name, says }) => `${name}://${local(says)}`).join(',')}`,
    `listener.security.protocol.map=${listeners.map(({ name, protocol }) => `${name}:${protocol}`).join(',')},CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name=DIRECT',
    'sasl.enabled.mechanisms=PLAIN',
    `listener.name.signed.plain.sasl.jaas.config=${PLAIN_LOGIN}`,
    ...(certificates ? sealedListener(certificates.storeFile) : []),
    `log.dirs=${join(dir, 'data')}`,
    `num.partitions=${partitions}`,
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    // A broker that was killed is let in again after this.
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
  ];
  await writeFile(join(dir, 'server.properties'), `${lines.join('\n')}\n`);
  return {
    brokers: local(direct),
    saslBrokers: local(sasl),
    sealed: certificates ? { brokers: local(tls), caFile: certificates.caFile } : null,
    proxies: ways.map(({ port, inner }) => ({ port, upstream: local(inner) })),
  };
}

const PLAIN_LOGIN = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`;
const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

const sealedListener = (storeFile: string) =>
  [
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    `plain.sasl.jaas.config=${PLAIN_LOGIN}`,
    `scram-sha-256.sasl.jaas.config=${SCRAM_LOGIN}`,
    `scram-sha-512.sasl.jaas.config=${SCRAM_LOGIN}`,
    'ssl.keystore.type=PKCS12',
    `ssl.keystore.location=${storeFile}`,
    `ssl.keystore.password=${STORE_PASSWORD}`,
    `ssl.key.password=${STORE_PASSWORD}`,
  ].map((line) => `listener.name.sealed.${line}`);

async function run(command: string, args: string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(String(chunk)));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}:\n${output.join('')}`);
}

/** It answers when it can say who the controller is. */
async function waitUntilReady(child: ChildProcess, brokers: string, log: string): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
  const deadline = Date.now() + READY_MS;
  try {
    while (Date.now() < deadline) {
      if (child.exitCode !== null) break;
      const isReady = await admin
        .connect()
        .then(() => admin.describeCluster())
        .then(({ brokers: known }) => known.length === 1)
        .catch(() => false);
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
  const tail = (await readFile(log, 'utf8')).split('\n').slice(-30).join('\n');
  throw new Error(`Kafka was not ready after ${READY_MS} ms (exit code ${child.exitCode}):\n${tail}`);
}
