// The publisher: keeps its share of the lanes, each of which publishes by itself (publisher-lane.ts), and ends them together.
import { hostname } from 'node:os';
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from '#server/lib/index.ts';
import {
  createBacklogObserver,
  type EventPublisher,
  type Hold,
  lanesWithNews,
  onOutboxWake,
  returnLanes,
  signGivenUp,
  signOff,
  signOn,
  takeLanes,
  tellFlow,
  within,
} from '#server/outbox/index.ts';
import { createFailures } from './publisher-failures.ts';
import { type Lane, newLane, runLane, turnMsOf } from './publisher-lane.ts';
import { createLiveness } from './publisher-liveness.ts';
import { createLookout } from './publisher-lookout.ts';
import { createPools } from './publisher-pools.ts';
import { createWaits } from './publisher-waits.ts';

export type PublisherConfig = {
  /** Opens a pool as the worker's role; a pool whose connection stopped answering is thrown away for a new one. */
  openPool: () => Pool;
  publisher: EventPublisher;
  log: Logger;
  /** Names this publisher in lanes; unique among those alive. */
  name: string;
  /** OUTBOX_BATCH_SIZE: events in one claim of one lane; up to four times as many with a backlog, while they are quick. */
  batchSize: number;
  /** OUTBOX_POLL_INTERVAL_MS: cadence on idle, of signing on, of sweeps and of the pending gauge. */
  pollMs: number;
  /** OUTBOX_LEASE_MS: how long a dead publisher keeps its lanes. */
  leaseMs: number;
  /** OUTBOX_MAX_ATTEMPTS: failures of its own that an event is allowed. */
  maxAttempts: number;
  /** OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS. */
  drainMs: number;
  /** OUTBOX_BACKOFF_MAX_MS: the longest wait between failed ticks of one lane. */
  backoffMaxMs: number;
  /** Touched after every completed turn: when each of its lanes has completed one; null: none. */
  livenessFile: string | null;
  /** After 30 consecutive failures of a lane, or of keeping them, that waiting does not cure. */
  onGivingUp: () => void;
};

/** Every step of stop() after the drain ends within this, all together, whatever does not answer. */
export const STOP_GRACE_MS = 9_000;
export type PublisherLoop = ReturnType<typeof createPublisherLoop>;

export function createPublisherLoop(config: PublisherConfig) {
  const identity = { id: config.name, host: hostname(), pid: process.pid, backend: config.publisher.backend };
  const abort = new AbortController();
  const pools = createPools(config.openPool);
  const failures = createFailures(config);
  const liveness = createLiveness({ ...config, restMs: Math.min(config.pollMs, turnMsOf(config.leaseMs)) });
  const observer = createBacklogObserver(config);
  const waits = createWaits();
  const lookout = createLookout(lookForNews(config, pools), ({ lane }) => lane);
  const lanes = new Map<Lane, Promise<void>>();
  let isStopping = false;
  let keeping: Promise<void> = Promise.resolve();
  let stopListening = () => {};
  const deps = {
    ...{ config, pools, failures, liveness, lookout, waits, signal: abort.signal },
    isStopping: () => isStopping,
  };

  /** Its share of the lanes, and the gauge. A lane that is lost and waits before it is taken again is still among them. */
  async function keepLanes(pool: Pool): Promise<void> {
    const { leaseMs } = config;
    const share = await within(leaseMs, 'sign-on', signOn(pool, identity, leaseMs, failures.sendsFailForMs()));
    const staying = [...lanes.keys()].filter(({ isLeaving }) => !isLeaving);
    // Each gives itself back after its turn: that of one which hangs is nothing to wait for here.
    for (const extra of staying.slice(share)) {
      extra.isLeaving = true;
      lookout.release(extra);
    }
    const held: Hold[] = [...lanes.keys()];
    const before = held.length;
    // One by one: what one's last owner left may take a while to find, and the others need not wait for it.
    for (let wanted = share - staying.length; wanted > 0 && !isStopping; wanted -= 1) {
      const options = { owner: config.name, leaseMs, limit: 1, held };
      const [hold] = await within(leaseMs, 'takeover', takeLanes(pool, options));
      if (!hold) break;
      held.push(hold);
      begin(newLane(hold));
    }
    const taken = held.slice(before).map(({ lane }) => lane);
    if (taken.length > 0) config.log.info({ lanes: taken, share }, 'outbox-publisher took lanes');
    failures.keepOnly([...lanes.keys()].map(({ lane }) => lane));
    observer.look(pool);
  }

  function begin(lane: Lane): void {
    liveness.join(lane.lane);
    lanes.set(lane, publishLane(lane));
  }

  async function publishLane(lane: Lane): Promise<void> {
    const takenAtMs = performance.now();
    const end = await runLane(deps, lane);
    // Whatever is held when the publisher stops is given back together.
    if (end === 'stopped') return;
    if (end === 'leaving') await giveBack(lane);
    lanes.delete(lane);
    liveness.leave(lane.lane);
    // One that is lost again and again, as to another of the same name, is taken once in a poll.
    if (end === 'lost' && performance.now() - takenAtMs >= config.pollMs) waits.wake();
  }

  /** One that cannot be given back is free when its lease has run out. */
  async function giveBack(lane: Lane): Promise<void> {
    const given = pools.use((pool) => within(config.leaseMs, 'return of a lane', returnLanes(pool, [lane])));
    await given.catch((error: unknown) =>
      logError(config.log, error, 'a lane could not be given back', { lane: lane.lane }),
    );
  }

  async function keep(): Promise<void> {
    while (!isStopping) {
      try {
        failures.beforeRetry('keeper');
        await pools.use(keepLanes);
        failures.over('keeper');
        liveness.completed('keeper');
        await waits.wait(config.pollMs);
      } catch (error) {
        if (isStopping) return;
        const waitMs = failures.begin('keeper', error);
        liveness.completed('keeper');
        await waits.pause(waitMs);
      }
    }
  }

  async function stop({ isForNow = false } = {}): Promise<void> {
    isStopping = true;
    waits.end();
    lookout.end();
    const endsAtMs = performance.now() + config.drainMs + STOP_GRACE_MS;
    const left = (atMostMs: number) => Math.max(1, Math.min(atMostMs, endsAtMs - performance.now()));
    const ended = untilEnded();
    const inTime = await within(config.drainMs, 'drain', ended).then(
      () => true,
      () => false,
    );
    if (!inTime) abort.abort();
    await within(left(2_000), 'end of the last turns', ended).catch(() => {});
    stopListening();
    const pool = pools.current();
    const given = within(
      left(4_000),
      'return of lanes',
      returnLanes(pool, [...lanes.keys()]).then(() =>
        isForNow ? signGivenUp(pool, config.name, config.leaseMs) : signOff(pool, config.name),
      ),
    );
    await given.catch((error: unknown) => logError(config.log, error, 'lanes could not be given back'));
    // For eyes only: what it published last is not worth a log line.
    const told = observer.settled().then(() => tellFlow(pool));
    await within(left(1_000), 'last figures', told).catch(() => {});
    const closed = within(left(STOP_GRACE_MS), 'close of the backend', config.publisher.close());
    await closed.catch((error: unknown) => logError(config.log, error, 'the backend could not be closed cleanly'));
    await within(left(1_500), 'end of the connections', pools.end()).catch(() => {});
  }

  async function untilEnded(): Promise<void> {
    // What it was taking when it was told to stop is among the lanes then, and has stopped.
    await keeping;
    await Promise.all(lanes.values());
    await liveness.settled();
  }

  return {
    start() {
      stopListening = onOutboxWake(lookout.wake);
      liveness.join('keeper');
      keeping = keep();
    },
    /**
     * Stops claiming, finishes what is in flight within the drain time, gives the rest and the lanes back within STOP_GRACE_MS. `isForNow`: it gave up
     * and another is to go on in its name, so its sign stays.
     */
    stop,
    lastTurnAt: liveness.lastTurnAt,
  };
}

/** When it is not known which lanes have something, all do: a claim that fails is counted, and waits longer each time. */
function lookForNews({ leaseMs, log }: PublisherConfig, pools: ReturnType<typeof createPools>) {
  let isFailing = false;
  return async (lanes: readonly Lane[]): Promise<ReadonlySet<Lane>> => {
    try {
      const news = await pools.use((pool) => within(leaseMs, 'look for news', lanesWithNews(pool, lanes)));
      isFailing = false;
      return news;
    } catch (error) {
      if (!isFailing) logError(log, error, 'the lanes could not be looked at for news; each claims instead');
      isFailing = true;
      return new Set(lanes);
    }
  };
}
