// One broker for all test files of a run: whoever asks first starts it, and it ends with the run.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type KafkaAddresses, startKafka } from './broker.ts';

const WAIT_MS = 180_000;
/** Test files that put a proxy in front of it: each has a way of its own. */
const WAYS = ['publisher', 'chaos'] as const;

/** The run's broker, and the way to it on which only `way` may put a proxy. Use topics of your own. */
export async function sharedKafka(
  way: (typeof WAYS)[number],
): Promise<KafkaAddresses & { proxy: { port: number; upstream: string } }> {
  const addresses = await sharedBroker();
  return { ...addresses, proxy: addresses.proxies[WAYS.indexOf(way)]! };
}

/** The same without a way of its own. */
export async function sharedBroker(): Promise<KafkaAddresses> {
  const { rolePrefix, runPid } = inject('testServer');
  const dir = join(tmpdir(), `mainspring-kafka-${rolePrefix}`);
  const isFirst = await mkdir(dir).then(
    () => true,
    () => false,
  );
  if (isFirst) await startForAll(dir, runPid);
  return readAddresses(dir);
}

async function startForAll(dir: string, runPid: number): Promise<void> {
  const say = async (outcome: unknown) => {
    await writeFile(join(dir, 'outcome.part'), JSON.stringify(outcome));
    await rename(join(dir, 'outcome.part'), join(dir, 'outcome.json'));
  };
  try {
    const options = { dir, ownerPid: runPid, proxies: WAYS.length, isSealed: true };
    const { brokers, saslBrokers, sealed, proxies } = await startKafka(options);
    await say({ brokers, saslBrokers, sealed, proxies });
  } catch (error) {
    await say({ error: String(error) });
  }
}

async function readAddresses(dir: string): Promise<KafkaAddresses> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const text = await readFile(join(dir, 'outcome.json'), 'utf8').catch(() => null);
    if (text !== null) {
      const outcome = JSON.parse(text) as KafkaAddresses | { error: string };
      if ('error' in outcome) throw new Error(`the run's Kafka did not start: ${outcome.error}`);
      return outcome;
    }
    if (Date.now() > deadline) throw new Error(`the run's Kafka was not there after ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
