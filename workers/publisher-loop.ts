// The publisher: holds its share of the lanes, publishes each in its order, and waits for news in between.
import { hostname } from 'node:os';
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from '#server/lib/index.ts';
import {
  CHEAP_SWEEP_MS,
  createBacklogObserver,
  DeadlineError,
  type EventPublisher,
  type Hold,
  LaneLostError,
  type LaneTurn,
  onOutboxWake,
  PublishFailedError,
  publishLane,
  returnLanes,
  signOff,
  signOn,
  takeLanes,
  tellFlow,
  within,
} from '#server/outbox/index.ts';
import { createFailures } from './publisher-failures.ts';
import { createLiveness } from './publisher-liveness.ts';
import { createRound, createWaits } from './publisher-waits.ts';

export type PublisherConfig = {
  /** Opens a pool as the worker's role; a pool whose connection stopped answering is thrown away for a new one. */
  openPool: () => Pool;
  publisher: EventPublisher;
  log: Logger;
  /** Names this publisher in lanes; unique among those alive. */
  name: string;
  /** OUTBOX_BATCH_SIZE: events in one claim of one lane. */
  batchSize: number;
  /** OUTBOX_POLL_INTERVAL_MS: cadence on idle, of signing on, of sweeps and of the pending gauge. */
  pollMs: number;
  /** OUTBOX_LEASE_MS: how long a dead publisher keeps its lanes. */
  leaseMs: number;
  /** OUTBOX_MAX_ATTEMPTS: failures of its own that an event is allowed. */
  maxAttempts: number;
  /** OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS. */
  drainMs: number;
  /** OUTBOX_BACKOFF_MAX_MS: the longest wait between failed ticks. */
  backoffMaxMs: number;
  /** Touched after every completed turn; null: none. */
  livenessFile: string | null;
  /** After 30 consecutive failures that waiting does not cure. */
  onGivingUp: () => void;
};

/** Every step of stop() after the drain ends within this, all together, whatever does not answer. */
export const STOP_GRACE_MS = 9_000;
/** A turn lasts so long at most while there is a backlog: it ends early enough for signing on to be in time. */
const MAX_TURN_MS = 1_000;
const TURN_PART_OF_LEASE = 0.1;
/** After a sweep that took t, none for this many times t unless it is due: lanes that are woken for others' events look often. */
const SWEEP_REST_FACTOR = 10;
type Lane = Hold & { sweptAtMs: number; sweepTookMs: number };
type Round = ReturnType<typeof createRound>;
export type PublisherTurn = LaneTurn & { lanes: number[] };
export type PublisherLoop = ReturnType<typeof createPublisherLoop>;

export function createPublisherLoop(config: PublisherConfig) {
  const identity = { id: config.name, host: hostname(), pid: process.pid, backend: config.publisher.backend };
  const abort = new AbortController();
  const waits = createWaits();
  const liveness = createLiveness(config);
  const turnMs = Math.min(MAX_TURN_MS, config.leaseMs * TURN_PART_OF_LEASE);
  const observer = createBacklogObserver(config);
  let pool = config.openPool();
  let lanes: Lane[] = [];
  let signedOnAtMs = Number.NEGATIVE_INFINITY;
  let isStopping = false;
  let loop: Promise<void> = Promise.resolve();
  let stopListening = () => {};

  /** The lanes of its share, and once per poll interval the gauge. */
  async function keepLanes(): Promise<void> {
    if (performance.now() - signedOnAtMs < config.pollMs) return;
    const share = await within(
      config.leaseMs,
      'sign-on',
      signOn(pool, identity, config.leaseMs, failures.sendsFailForMs()),
    );
    const extra = lanes.slice(share);
    if (extra.length > 0) {
      lanes = lanes.slice(0, share);
      await within(config.leaseMs, 'return of lanes', returnLanes(pool, extra));
    }
    const held = lanes.map(({ lane }) => lane);
    const wanted = { owner: config.name, leaseMs: config.leaseMs, limit: share - held.length, held };
    const taken = await within(config.leaseMs, 'takeover', takeLanes(pool, wanted));
    if (taken.length > 0)
      config.log.info({ lanes: taken.map(({ lane }) => lane), share }, 'outbox-publisher took lanes');
    lanes.push(...taken.map((hold) => ({ ...hold, sweptAtMs: Number.NEGATIVE_INFINITY, sweepTookMs: 0 })));
    observer.look(pool);
    signedOnAtMs = performance.now();
  }

  /** Turns of a lane while it has full claims, or news, and the round is not over. */
  async function publishUntil(lane: Lane, round: Round): Promise<LaneTurn> {
    const total = { claimed: 0, published: 0, retried: 0, failed: 0, lost: 0, isFull: false };
    const hasTime = () => !isStopping && round.goesOn();
    let wakes = waits.wakes();
    const goesOn = (isFull: boolean) => {
      const hasNews = waits.wakes() !== wakes;
      wakes = waits.wakes();
      return hasTime() && (isFull || hasNews);
    };
    try {
      for (;;) {
        wakes = waits.wakes();
        const turn = await publishOne(lane, goesOn);
        addUp(total, turn);
        total.isFull = turn.isFull;
        const hasMore = turn.isFull || (hasTime() && (await round.hasNews(wakes)));
        if (!hasMore || !hasTime()) return total;
      }
    } catch (error) {
      round.end();
      throw error;
    } finally {
      round.leave();
    }
  }

  async function publishOne(lane: Lane, goesOn: (isFull: boolean) => boolean): Promise<LaneTurn> {
    // A sweep is one claim: its time says what the next one will cost.
    const options = { ...config, signal: abort.signal };
    const started = performance.now();
    const isDue = started - lane.sweptAtMs >= config.pollMs;
    const ways = isDue ? { ...options, isSweep: true } : { ...options, isSweep: false, goesOn };
    const first = await publishLane({ pool, publisher: config.publisher }, lane, ways);
    if (isDue) noteSweep(lane, started);
    // A claim finds what committed late by itself; one that came back empty has time to let the low-water follow.
    if (isDue || first.claimed > 0 || lane.sweepTookMs > CHEAP_SWEEP_MS) return first;
    const again = performance.now();
    if (again - lane.sweptAtMs < lane.sweepTookMs * SWEEP_REST_FACTOR) return first;
    const second = await publishLane({ pool, publisher: config.publisher }, lane, { ...options, isSweep: true });
    noteSweep(lane, again);
    return second;
  }

  /** A turn over its lanes; one that has more to publish goes on for so long. */
  async function runOnce(goOnForMs = 0): Promise<PublisherTurn> {
    await keepLanes();
    const held = lanes;
    const round = createRound(held.length, performance.now() + goOnForMs, waits);
    const results = await Promise.allSettled(held.map((lane) => publishUntil(lane, round)));
    const total: PublisherTurn = {
      ...{ claimed: 0, published: 0, retried: 0, failed: 0, lost: 0, isFull: false },
      lanes: held.map(({ lane }) => lane),
    };
    const errors: unknown[] = [];
    for (const [index, result] of results.entries()) {
      const lane = held[index];
      if (result.status === 'fulfilled') {
        addUp(total, result.value);
        continue;
      }
      if (lane && mustLeave(result.reason)) {
        lanes = lanes.filter((other) => other !== lane);
        signedOnAtMs = Number.NEGATIVE_INFINITY;
      }
      if (!(result.reason instanceof LaneLostError)) errors.push(result.reason);
    }
    if (errors.length > 0) throw errors[0];
    return total;
  }

  /** A pool with a connection that never answers would hand it out again. */
  function replacePool(): void {
    const old = pool;
    pool = config.openPool();
    lanes = [];
    signedOnAtMs = Number.NEGATIVE_INFINITY;
    old.end({ timeout: 0 }).catch(() => {});
  }

  const failures = createFailures(config);
  async function turn(): Promise<void> {
    try {
      failures.beforeRetry();
      const done = await runOnce(turnMs);
      failures.over();
      await liveness.completed();
      if (!done.isFull) await waits.wait(config.pollMs);
    } catch (error) {
      if (isStopping) return;
      if (deadlineIn(error)) replacePool();
      const waitMs = failures.begin(error);
      await liveness.completed();
      await waits.pause(waitMs);
    }
  }

  async function stop(): Promise<void> {
    isStopping = true;
    waits.end();
    const endsAtMs = performance.now() + config.drainMs + STOP_GRACE_MS;
    const left = (atMostMs: number) => Math.max(1, Math.min(atMostMs, endsAtMs - performance.now()));
    const inTime = await within(config.drainMs, 'drain', loop).then(
      () => true,
      () => false,
    );
    if (!inTime) abort.abort();
    await within(left(2_000), 'end of the last turn', loop).catch(() => {});
    stopListening();
    const given = within(
      left(4_000),
      'return of lanes',
      returnLanes(pool, lanes).then(() => signOff(pool, config.name)),
    );
    await given.catch((error: unknown) => logError(config.log, error, 'lanes could not be given back'));
    lanes = [];
    // For eyes only: what it published last is not worth a log line.
    const told = observer.settled().then(() => tellFlow(pool));
    await within(left(1_000), 'last figures', told).catch(() => {});
    const closed = within(left(STOP_GRACE_MS), 'close of the backend', config.publisher.close());
    await closed.catch((error: unknown) => logError(config.log, error, 'the backend could not be closed cleanly'));
    await within(left(1_500), 'end of the connections', pool.end({ timeout: 1 })).catch(() => {});
  }

  return {
    start() {
      stopListening = onOutboxWake(waits.wake);
      loop = (async () => {
        while (!isStopping) await turn();
      })();
    },
    /** Stops claiming, finishes what is in flight within the drain time, gives the rest and the lanes back within STOP_GRACE_MS. */
    stop,
    /** One turn over its lanes. For tests, without start(). */
    runOnce,
    lastTurnAt: liveness.lastTurnAt,
  };
}

function noteSweep(lane: Lane, startedMs: number): void {
  lane.sweptAtMs = performance.now();
  lane.sweepTookMs = lane.sweptAtMs - startedMs;
}

function addUp(total: LaneTurn, turn: LaneTurn): void {
  for (const name of ['claimed', 'published', 'retried', 'failed', 'lost'] as const) total[name] += turn[name];
  total.isFull ||= turn.isFull;
}

/** A publish that failed and was given back keeps its lane; after anything else it is not known what is left there. */
const mustLeave = (error: unknown) => !(error instanceof PublishFailedError && error.isReleased);

/** A deadline of the database's, not of the backend's. */
const deadlineIn = (error: unknown) => error instanceof DeadlineError;
