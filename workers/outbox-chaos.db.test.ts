// The outbox's promises from the outside, with real publishers, a real Kafka and a network that fails: ids that were
// stored against records that arrived. Small here; `npm run chaos:outbox` is the same in full, with kills of the
// broker and restarts of the database. Sizes by CHAOS_* variables, the seed by CHAOS_SEED.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTenant } from '#server/tenancy/index.ts';
import {
  hasKafka,
  type KafkaAddresses,
  type KafkaBroker,
  makeTopics,
  readTopic,
  sharedKafka,
  startKafka,
} from './testing/kafka/index.ts';
import {
  type ChaosDatabase,
  createCrowd,
  createRandom,
  createStore,
  judge,
  openChaosDatabase,
  report,
} from './testing/outbox-chaos/index.ts';
import { hasToxiproxy, startToxiproxy, type Toxiproxy, type Way } from './testing/toxiproxy.ts';

const isFull = process.env.CHAOS === 'full';
const size = (name: string, small: number, full: number) =>
  Number(process.env[`CHAOS_${name}`] ?? (isFull ? full : small));
const EVENTS = size('EVENTS', 10_000, 100_000);
const KILLS = size('KILLS', 20, 200);
const FREEZES = size('FREEZES', 2, 50);
const STOPS = size('STOPS', 6, 200);
const LOST_ACKS = size('LOST_ACKS', 10, 200);
const OUTAGE_SECONDS = size('OUTAGE_SECONDS', 4, 60);
const RESTARTS = size('RESTARTS', 2, 20);
const SEED = size('SEED', 20_261_121, 20_261_121);
/** The promise is 5 % of a long run; in a short one each kill weighs more. */
const MAX_DUPLICATES_PERCENT = isFull ? 5 : 15;
const PUBLISHERS = 3;
const KEYS = 500;
const LEASE_MS = 2_000;
const DRAIN_MS = 15_000;
const SETTLE_MS = 300_000;
const PHASE_MS = 7_200_000;

const isPossible = hasKafka() && hasToxiproxy();
const random = createRandom(SEED);
let db: ChaosDatabase;
let kafka: KafkaAddresses;
/** In full the broker is this file's and is itself stopped; else the run's, which the network hides. */
let ownKafka: KafkaBroker | null = null;
let toxiproxy: Toxiproxy;
let way: Way & { port: number };
const stores: ReturnType<typeof createStore>[] = [];
let tenantId: string;
let home: string;

describe.skipIf(!isPossible)(`the outbox in chaos (seed ${SEED})`, () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'mainspring-chaos-'));
    const openKafka = async () => {
      if (!isFull) return sharedKafka('chaos');
      ownKafka = await startKafka({ dir: join(home, 'kafka'), proxies: 1 });
      return { ...ownKafka, proxy: ownKafka.proxies[0]! };
    };
    const opened = await Promise.all([openChaosDatabase(), openKafka(), startToxiproxy()]);
    [db, kafka, toxiproxy] = opened;
    const { port, upstream } = opened[1].proxy;
    way = await toxiproxy.between(port, upstream);
    tenantId = (await createTenant(db.owner, { slug: 'chaos', name: 'Chaos' })).id;
  }, 300_000);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all([db?.discard(), ownKafka?.discard(), toxiproxy?.stop()]);
    await rm(home, { recursive: true, force: true });
  }, 120_000);
  beforeEach(async () => {
    await db.owner`truncate outbox_events, outbox_counters, outbox_publishers`;
    await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  });

  const open = async (topic: string, brokers: string, env: Record<string, string> = {}) => {
    await makeTopics(kafka.brokers, [{ topic, partitions: 12 }]);
    const settings = {
      ...{ EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: brokers, KAFKA_REQUEST_TIMEOUT_MS: '3000', OUTBOX_TOPIC: topic },
      ...{ OUTBOX_LEASE_MS: String(LEASE_MS), OUTBOX_BACKOFF_MAX_MS: '2000', OUTBOX_POLL_INTERVAL_MS: '500' },
      ...{ OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS: String(DRAIN_MS), LOG_LEVEL: 'warn' },
      ...env,
    };
    const store = createStore(db.ownerUrl, tenantId, KEYS);
    stores.push(store);
    const crowd = createCrowd({ ...{ db, home, prefix: topic, size: PUBLISHERS, random }, env: settings });
    await crowd.untilReady();
    return { store, crowd };
  };
  const untilAllPublished = (store: ReturnType<typeof createStore>) =>
    expect.poll(() => store.unpublished(), { timeout: SETTLE_MS, interval: 200 }).toBe(0);

  it(
    'loses no event and keeps each key in order while publishers are killed and frozen',
    async () => {
      const topic = topicName('killed');
      const { store, crowd } = await open(topic, kafka.brokers);
      const startedMs = performance.now();
      let isOver = false;
      const freezing = (async () => {
        for (let n = 0; n < FREEZES && !isOver; n += 1) {
          await crowd.freeze(LEASE_MS + 200 + random() * 1_500);
          await wait(random() * 1_000);
        }
      })();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await store.add(Math.floor(EVENTS / KILLS));
        await crowd.kill(random() * 1_000);
      }
      await freezing;
      isOver = true;
      await untilAllPublished(store);
      const exits = await crowd.endAll();
      const findings = judge(store.stored, await readTopic(kafka.brokers, topic));
      const took = { seconds: Math.round((performance.now() - startedMs) / 1_000), kills: KILLS, freezes: FREEZES };
      const duplicatesPercent = (100 * findings.duplicates) / findings.stored;
      await report('killed and frozen', { ...findings, duplicatesPercent, ...took });
      expect(findings).toMatchObject({ lost: 0, strangers: 0, differing: 0, inversions: 0 });
      expect(duplicatesPercent).toBeLessThanOrEqual(MAX_DUPLICATES_PERCENT);
      expect(crowd.unexpected).toEqual([]);
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
      expect(await store.processing()).toBe(0);
    },
    PHASE_MS,
  );

  it(
    'sends nothing twice while publishers are asked to stop, and each ends with 0 in its time',
    async () => {
      const topic = topicName('stopped');
      // A lease that a busy machine does not outlive: a publish that is given up at its end may be sent twice.
      const { store, crowd } = await open(topic, kafka.brokers, {
        ...{ OUTBOX_LEASE_MS: '30000', KAFKA_REQUEST_TIMEOUT_MS: '15000' },
      });
      const exits: Awaited<ReturnType<typeof crowd.terminate>>[] = [];
      for (let stop = 0; stop < STOPS; stop += 1) {
        await store.add(Math.floor(EVENTS / STOPS / 2));
        await wait(random() * 150);
        const exit = await crowd.terminate();
        exits.push(exit);
        const left = await db.owner`select e.id from outbox_events e join outbox_lanes l using (lane)
          where e.status = 'processing' and (e.claim_token <> l.token or l.owner = ${exit.name})`;
        expect([...left]).toEqual([]);
      }
      await untilAllPublished(store);
      exits.push(...(await crowd.endAll()));
      const findings = judge(store.stored, await readTopic(kafka.brokers, topic));
      const slowestMs = Math.max(...exits.map(({ tookMs }) => tookMs));
      await report('stopped', { ...findings, stops: STOPS, slowestMs });
      expect(findings).toMatchObject({ lost: 0, strangers: 0, duplicates: 0, inversions: 0 });
      expect(new Set(exits.map(({ exitCode }) => exitCode))).toEqual(new Set([0]));
      expect(slowestMs).toBeLessThanOrEqual(DRAIN_MS + 5_000);
      expect(crowd.unexpected).toEqual([]);
      expect(await store.processing()).toBe(0);
    },
    PHASE_MS,
  );

  it(
    'loses no event while answers are lost, connections go silent, and broker and database are away',
    async () => {
      const topic = topicName('faults');
      const { store, crowd } = await open(topic, `127.0.0.1:${way.port}`);
      const recoveryMs: Record<string, number[]> = { answers: [], broker: [], 'black hole': [], database: [] };
      let largestBytes = 0;
      const note = async (fault: string, sinceMs: number) => {
        const before = await store.published();
        const deadline = performance.now() + SETTLE_MS;
        while ((await store.published()) <= before && (await store.unpublished()) > 0)
          if (performance.now() > deadline) throw new Error(`nothing was published after ${fault}`);
          else await wait(50);
        recoveryMs[fault]!.push(Math.round(performance.now() - sinceMs));
        largestBytes = Math.max(largestBytes, await crowd.largest());
      };
      const share = Math.floor(EVENTS / 4);

      for (let n = 0; n < LOST_ACKS; n += 1) {
        await way.swallowAnswers(100);
        await store.add(Math.max(1, Math.floor(share / LOST_ACKS)));
        await wait(200 + random() * 300);
        const before = performance.now();
        await way.heal();
        await note('answers', before);
      }

      const adding = addSlowly(store, share, OUTAGE_SECONDS);
      await (ownKafka ? ownKafka.stop('SIGKILL') : way.close());
      await wait(OUTAGE_SECONDS * 1_000);
      await (ownKafka ? ownKafka.start() : way.open());
      // From here on it is known to take what it is sent.
      await makeTopics(kafka.brokers, [{ topic: `${topic}-probe`, partitions: 1 }]);
      await note('broker', performance.now());
      await adding;

      await way.blackHole();
      await store.add(Math.floor(share / 4));
      await wait(OUTAGE_SECONDS * 500);
      const beforeHeal = performance.now();
      await way.heal();
      await note('black hole', beforeHeal);

      for (let n = 0; n < RESTARTS; n += 1) {
        const storing = store.add(Math.floor(share / RESTARTS));
        await (n % 2 === 0 ? db.crash() : db.restart());
        const since = performance.now();
        await storing;
        await note('database', since);
      }

      await untilAllPublished(store);
      const exits = await crowd.endAll();
      const findings = judge(store.stored, await readTopic(kafka.brokers, topic));
      const slowest = Object.fromEntries(Object.entries(recoveryMs).map(([fault, ms]) => [fault, Math.max(...ms)]));
      const faults = { lostAcks: LOST_ACKS, outageSeconds: OUTAGE_SECONDS, restarts: RESTARTS };
      await report('faults', {
        ...findings,
        ...faults,
        slowestRecoveryMs: slowest,
        largestMb: Math.round(largestBytes / 1e6),
      });
      expect(findings).toMatchObject({ lost: 0, strangers: 0, differing: 0, inversions: 0 });
      expect(crowd.unexpected).toEqual([]);
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
      expect(largestBytes).toBeLessThan(700_000_000);
      expect(await store.processing()).toBe(0);
    },
    PHASE_MS,
  );
});

/** The run's broker may have seen another seed's. */
const topicName = (what: string) => `${what}-${randomBytes(3).toString('hex')}`;

/** Over some seconds, so that an outage finds events being stored. */
async function addSlowly(store: ReturnType<typeof createStore>, count: number, seconds: number): Promise<void> {
  const steps = Math.max(1, seconds);
  for (let step = 0; step < steps; step += 1) {
    await store.add(Math.floor(count / steps));
    await wait(800);
  }
}
