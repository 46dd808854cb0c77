// One lane of a publisher: claims, publishes and marks, turn after turn, and waits for nobody but its own events.
import type { Pool } from '#db/client.ts';
import {
  CHEAP_SWEEP_MS,
  type Hold,
  LaneLostError,
  type LaneTurn,
  maxBatchSizeOf,
  PASS_REST_FACTOR,
  PublishFailedError,
  publishLane,
} from '#server/outbox/index.ts';
import type { Failures } from './publisher-failures.ts';
import type { Liveness } from './publisher-liveness.ts';
import type { Lookout, Wakes } from './publisher-lookout.ts';
import type { PublisherConfig } from './publisher-loop.ts';
import type { Pools } from './publisher-pools.ts';
import type { Waits } from './publisher-waits.ts';

export type Lane = Hold & {
  sweptAtMs: number;
  sweepTookMs: number;
  /** Sweeps to come soon after it has nothing left: it takes some until the low-water has followed. */
  followUps: number;
  /** Beyond this publisher's share: it is to be given back after its turn. */
  isLeaving: boolean;
};
export const newLane = (hold: Hold): Lane => ({
  ...{ ...hold, sweptAtMs: Number.NEGATIVE_INFINITY, sweepTookMs: 0, followUps: 0, isLeaving: false },
});

/** What the lanes of a publisher share. */
export type LaneDeps = {
  config: Pick<PublisherConfig, 'publisher' | 'log' | 'batchSize' | 'pollMs' | 'leaseMs' | 'maxAttempts'>;
  pools: Pools;
  failures: Failures;
  liveness: Liveness;
  lookout: Lookout<Lane>;
  waits: Pick<Waits, 'pause'>;
  /** Ends what is being sent. */
  signal: AbortSignal;
  isStopping: () => boolean;
};

/** A turn lasts so long at most while there is a backlog: then its end is told, and a sweep that is due comes. */
const MAX_TURN_MS = 1_000;
const TURN_PART_OF_LEASE = 0.1;
export const turnMsOf = (leaseMs: number): number => Math.min(MAX_TURN_MS, leaseMs * TURN_PART_OF_LEASE);

const FOLLOW_UPS = 3;
/** A follow-up comes so long after the sweep before it; any sweep after so many times what the claim of that one took. */
const FOLLOW_UP_MS = 250;
const SWEEP_REST_FACTOR = 10;
/** It rests no longer than that: what was passed and is due again waits for a sweep. */
const MAX_SWEEP_REST_MS = 10_000;
/** Nor for more than that: a lane with nothing to do renews its lease by its sweeps alone, and a standby waits for it to run out. */
const SWEEP_REST_PART_OF_LEASE = 0.5;
export const sweepRestMs = ({ sweepTookMs }: Pick<Lane, 'sweepTookMs'>, leaseMs: number): number =>
  Math.min(MAX_SWEEP_REST_MS, leaseMs * SWEEP_REST_PART_OF_LEASE, sweepTookMs * SWEEP_REST_FACTOR);
/** When the next sweep is due whatever else there is. */
const pollAtOf = (lane: Lane, { pollMs, leaseMs }: LaneDeps['config']) =>
  lane.sweptAtMs + Math.max(pollMs, sweepRestMs(lane, leaseMs));

/**
 * Turns until the publisher stops, the lane is to be given back, or it is `lost`: another's, or this publisher's still but not
 * known what is left there. Never throws: what fails is told to `failures`, and waited for.
 */
export async function runLane(deps: LaneDeps, lane: Lane): Promise<'stopped' | 'leaving' | 'lost'> {
  let isSweep = true;
  while (!deps.isStopping()) {
    if (lane.isLeaving) return 'leaving';
    try {
      deps.failures.beforeRetry(lane.lane);
      const turn = await deps.pools.use((pool) => publishTurn(deps, pool, lane, isSweep));
      deps.failures.over(lane.lane);
      deps.liveness.completed(lane.lane);
      isSweep = await waitAfter(deps, lane, turn);
    } catch (error) {
      if (deps.isStopping()) break;
      if (error instanceof LaneLostError) return 'lost';
      const waitMs = deps.failures.begin(lane.lane, error);
      deps.liveness.completed(lane.lane);
      await deps.waits.pause(waitMs);
      if (mustLeave(error) && !deps.isStopping()) return 'lost';
      isSweep = performance.now() >= pollAtOf(lane, deps.config);
    }
  }
  return 'stopped';
}

type Turn = Pick<LaneTurn, 'isFull'> & { seenWakes: Wakes; restMs: number };

/** Publishes what there is, for a turn's time at most. A sweep is one claim: that one's time says what the next will cost. */
async function publishTurn(deps: LaneDeps, pool: Pool, lane: Lane, isSweep: boolean): Promise<Turn> {
  const { config, lookout, signal } = deps;
  const startedMs = performance.now();
  const untilMs = startedMs + turnMsOf(config.leaseMs);
  let seenWakes = lookout.wakesOf(lane);
  const goesOn = (isFull: boolean): boolean => {
    const hasTime = !deps.isStopping() && !lane.isLeaving && performance.now() < untilMs;
    if (!hasTime || !(isFull || lookout.hasWoken(lane, seenWakes))) return false;
    seenWakes = lookout.wakesOf(lane);
    return true;
  };
  const ways = isSweep ? { isSweep } : { isSweep, goesOn };
  const done = await publishLane({ pool, publisher: config.publisher, log: config.log }, lane, {
    ...{ ...config, maxBatchSize: maxBatchSizeOf(config.batchSize), signal },
    ...ways,
  });
  const tookMs = performance.now() - startedMs;
  if (isSweep) Object.assign(lane, { sweptAtMs: performance.now(), sweepTookMs: done.claimMs });
  if (done.claimed > 0) lane.followUps = FOLLOW_UPS;
  else if (isSweep) lane.followUps = Math.max(0, lane.followUps - 1);
  // There was something, and it is held back: what else comes may lie behind it, and claims for nothing must not be all it does.
  const isForNothing = !isSweep && done.claimed === 0;
  return { isFull: done.isFull, seenWakes, restMs: isForNothing ? PASS_REST_FACTOR * tookMs : 0 };
}

/** Until the lane has something to do, or might have: then, and when one is due, the next claim is a sweep. */
async function waitAfter({ config, lookout }: LaneDeps, lane: Lane, turn: Turn): Promise<boolean> {
  const pollAtMs = pollAtOf(lane, config);
  if (!turn.isFull && !lane.isLeaving) {
    const isCheap = lane.followUps > 0 && lane.sweepTookMs <= CHEAP_SWEEP_MS;
    const followUpMs = Math.max(FOLLOW_UP_MS, sweepRestMs(lane, config.leaseMs));
    const sweepAtMs = isCheap ? Math.min(pollAtMs, lane.sweptAtMs + followUpMs) : pollAtMs;
    const atMostMs = sweepAtMs - performance.now();
    const hasNews = await lookout.untilNews(lane, { seenWakes: turn.seenWakes, restMs: turn.restMs, atMostMs });
    if (!hasNews) return true;
  }
  return performance.now() >= pollAtMs;
}

/** A publish that failed and was given back keeps its lane; after anything else it is not known what is left there. */
const mustLeave = (error: unknown) => !(error instanceof PublishFailedError && error.isReleased);
