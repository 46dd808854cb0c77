// The publisher: holds its share of the lanes, publishes each in its order, and waits for news in between.
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from '#server/lib/index.ts';
import {
  CHEAP_SWEEP_MS,
  createBacklogObserver,
  DeadlineError,
  type EventPublisher,
  type Hold,
  isTransient,
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
  tickFailures,
  within,
} from '#server/outbox/index.ts';

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

const MAX_NON_TRANSIENT_FAILURES = 30;
/** A lane with a backlog goes on for so long before it waits for the others: new events of theirs wait no longer. */
const GO_ON_MS = 100;
type Lane = Hold & { sweptAtMs: number; sweepTookMs: number };
export type PublisherTurn = Omit<LaneTurn, 'isFull'> & { lanes: number[]; isFull: boolean };
export type PublisherLoop = ReturnType<typeof createPublisherLoop>;

export function createPublisherLoop(config: PublisherConfig) {
  const identity = { id: config.name, host: hostname(), pid: process.pid, backend: config.publisher.backend };
  const abort = new AbortController();
  const turns = createTurns();
  const observer = createBacklogObserver(config);
  let pool = config.openPool();
  let lanes: Lane[] = [];
  let signedOnAtMs = Number.NEGATIVE_INFINITY;
  let lastTurnAt: Date | null = null;
  let isStopping = false;
  let isUntouchable = false;
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

  /** One turn of a lane, and more while it has full claims and the time is not up: no lane waits for the others. */
  async function publishUntil(lane: Lane, untilMs: number): Promise<LaneTurn> {
    const total = { claimed: 0, published: 0, retried: 0, failed: 0, lost: 0, isFull: false };
    const goesOn = () => !isStopping && performance.now() < untilMs;
    do {
      const turn = await publishOne(lane, goesOn);
      addUp(total, turn);
      total.isFull = turn.isFull;
    } while (total.isFull && goesOn());
    return total;
  }

  async function publishOne(lane: Lane, goesOn: () => boolean): Promise<LaneTurn> {
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
    const second = await publishLane({ pool, publisher: config.publisher }, lane, { ...options, isSweep: true });
    noteSweep(lane, again);
    return second;
  }

  /** A turn over its lanes; one that has more to publish goes on for so long. */
  async function runOnce(goOnForMs = 0): Promise<PublisherTurn> {
    await keepLanes();
    const held = lanes;
    const untilMs = performance.now() + goOnForMs;
    const results = await Promise.allSettled(held.map((lane) => publishUntil(lane, untilMs)));
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
      const done = await runOnce(GO_ON_MS);
      failures.over();
      await completed();
      if (!done.isFull) await turns.wait(config.pollMs);
    } catch (error) {
      if (isStopping) return;
      if (deadlineIn(error)) replacePool();
      const waitMs = failures.begin(error);
      await completed();
      await turns.pause(waitMs);
    }
  }

  async function completed(): Promise<void> {
    lastTurnAt = new Date();
    if (config.livenessFile === null) return;
    await touch(config.livenessFile, lastTurnAt).catch((error: unknown) => {
      // The probe says it every time; the log says it once.
      if (!isUntouchable)
        logError(config.log, error, 'the liveness file could not be touched', { path: config.livenessFile });
      isUntouchable = true;
    });
  }

  async function stop(): Promise<void> {
    isStopping = true;
    turns.end();
    const inTime = await within(config.drainMs, 'drain', loop).then(
      () => true,
      () => false,
    );
    if (!inTime) abort.abort();
    await within(2_000, 'end of the last turn', loop).catch(() => {});
    stopListening();
    const given = within(
      4_000,
      'return of lanes',
      returnLanes(pool, lanes).then(() => signOff(pool, config.name)),
    );
    await given.catch((error: unknown) => logError(config.log, error, 'lanes could not be given back'));
    lanes = [];
    // For eyes only: what it published last is not worth a log line.
    const told = observer.settled().then(() => tellFlow(pool));
    await within(1_000, 'last figures', told).catch(() => {});
    await config.publisher.close();
    await pool.end({ timeout: 1 });
  }

  return {
    start() {
      stopListening = onOutboxWake(turns.wake);
      loop = (async () => {
        while (!isStopping) await turn();
      })();
    },
    /** Stops claiming, finishes what is in flight within the drain time, gives the rest and the lanes back. */
    stop,
    /** One turn over its lanes. For tests, without start(). */
    runOnce,
    lastTurnAt: () => lastTurnAt,
  };
}

async function touch(path: string, at: Date): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${at.toISOString()}\n`);
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

/** Counts failed ticks, logs each with its id, and says how long to wait. */
function createFailures(config: Pick<PublisherConfig, 'log' | 'backoffMaxMs' | 'onGivingUp'>) {
  let inRow = 0;
  let nonTransient = 0;
  let lastErrorId: string | null = null;
  let sendsFailSinceMs: number | null = null;
  return {
    sendsFailForMs: () => (sendsFailSinceMs === null ? null : performance.now() - sendsFailSinceMs),
    beforeRetry() {
      if (lastErrorId !== null)
        config.log.info({ errorId: lastErrorId, failures: inRow }, 'outbox-publisher tries again after a failed tick');
    },
    begin(error: unknown): number {
      const transient = isTransient(error);
      const fields = error instanceof PublishFailedError ? { errorId: error.errorId } : {};
      lastErrorId = logError(config.log, error, 'outbox-publisher tick failed', { ...fields, isTransient: transient });
      tickFailures.labels(String(transient)).inc();
      inRow += 1;
      if (error instanceof PublishFailedError) sendsFailSinceMs ??= performance.now();
      nonTransient = transient ? 0 : nonTransient + 1;
      if (nonTransient >= MAX_NON_TRANSIENT_FAILURES) {
        nonTransient = 0;
        config.onGivingUp();
      }
      return Math.min(config.backoffMaxMs, 100 * 2 ** Math.min(inRow - 1, 10));
    },
    over() {
      if (inRow > 0) config.log.info({ failures: inRow }, 'outbox-publisher publishes again');
      inRow = 0;
      nonTransient = 0;
      lastErrorId = null;
      sendsFailSinceMs = null;
    },
  };
}

/** Waiting that a wake-up ends; one that came while nobody waited ends the next wait at once. */
function createTurns() {
  let isWoken = false;
  let hasEnded = false;
  let finish: (() => void) | null = null;
  async function sleep(ms: number, isWakeable: boolean): Promise<void> {
    if (hasEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    if (isWakeable) finish = resolve;
    stopWaiting = resolve;
    await promise;
    clearTimeout(timer);
    finish = null;
  }
  let stopWaiting: (() => void) | null = null;
  return {
    wake() {
      isWoken = true;
      finish?.();
    },
    end() {
      hasEnded = true;
      stopWaiting?.();
    },
    async wait(ms: number) {
      if (!isWoken) await sleep(ms, true);
      isWoken = false;
    },
    /** Not ended by wake-ups: during an outage they are noise. */
    pause: (ms: number) => sleep(ms, false),
  };
}
