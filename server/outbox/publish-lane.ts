import { randomUUID } from 'node:crypto';
import type { Pool } from '#db/client.ts';
import type { Logger } from '#server/lib/index.ts';
import { type Claim, claimEvents } from './claim.ts';
import { MAX_GROWN_CHARS, PUBLISH_PART_OF_LEASE, QUICK_PART_OF_LEASE, QUICK_SEND_MS } from './config.ts';
import { DeadlineError, within } from './deadline.ts';
import type { Hold } from './lanes.ts';
import { type MarkCounts, markAndClaim, markEvents } from './mark.ts';
import { publishSeconds } from './metrics.ts';
import { type EventPublisher, isTransient, type PublishOutcome } from './publisher.ts';
import { releaseEvents } from './release.ts';

/** `claimMs`: what the first claim took. */
export type LaneTurn = MarkCounts & { claimed: number; isFull: boolean; claimMs: number };
export type LaneOptions = {
  leaseMs: number;
  batchSize: number;
  /** How many a claim may take at most when those before it were full and quick. Absent: `batchSize`. */
  maxBatchSize?: number;
  maxAttempts: number;
  isSweep: boolean;
  signal: AbortSignal;
  /** Asked when a claim is sent: whether to take the next one with its mark. Absent: one claim and no more. */
  goesOn?: (isFull: boolean) => boolean;
};

/** A publish that did not come to an end. The events were given back, unless `isReleased` is false. */
export class PublishFailedError extends Error {
  readonly errorId: string;
  readonly isReleased: boolean;
  constructor(cause: unknown, errorId: string, isReleased: boolean) {
    super(`events could not be published: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'PublishFailedError';
    this.errorId = errorId;
    this.isReleased = isReleased;
  }
}

/**
 * Takes the next events of a lane, publishes them outside any transaction, marks them; and so on with the next ones
 * while `goesOn` says so and there are some. Whoever calls it for one lane twice at once breaks the order.
 * @throws LaneLostError, PublishFailedError, or what the database says
 */
export async function publishLane(
  deps: { pool: Pool; publisher: EventPublisher; log?: Logger },
  hold: Hold,
  options: LaneOptions,
): Promise<LaneTurn> {
  const total: LaneTurn = { claimed: 0, published: 0, retried: 0, failed: 0, lost: 0, isFull: false, claimMs: 0 };
  // The lease runs from the claim's first statement: what the claim took is not there for sending any more.
  let claimSentAtMs = performance.now();
  let claim: Claim | null = await within(options.leaseMs, 'claim', claimEvents(deps.pool, hold, options));
  // One that met too many held events took none, and goes on behind them.
  total.isFull = claim.isFull;
  total.claimMs = performance.now() - claimSentAtMs;
  let { batchSize } = options;
  while (claim && claim.events.length > 0) {
    const errorId = randomUUID();
    const deadlineMs = options.leaseMs * PUBLISH_PART_OF_LEASE - (performance.now() - claimSentAtMs);
    const limits = { ...options, errorId, deadlineMs: Math.floor(deadlineMs) };
    const sentAtMs = performance.now();
    const outcomes = await send(deps, hold, claim, limits, errorId);
    const endedAtMs = performance.now();
    const times = { sendMs: endedAtMs - sentAtMs, tookMs: endedAtMs - claimSentAtMs };
    const chars = claim.events.reduce((sum, { payload }) => sum + payload.length, 0);
    batchSize = nextBatchSize(batchSize, { count: claim.events.length, chars, ...times }, options);
    claimSentAtMs = endedAtMs;
    const goesOn = options.goesOn?.(claim.isFull) ?? false;
    const { counts, next } = await mark(deps.pool, hold, claim, outcomes, { ...limits, batchSize, goesOn });
    noteRefusals(deps.log, { lane: hold.lane, errorId, failed: counts.failed }, claim, outcomes);
    total.claimed += claim.events.length;
    for (const name of ['published', 'retried', 'failed', 'lost'] as const) total[name] += counts[name];
    const isHeldUp = goesOn && next === undefined;
    total.isFull = claim.isFull || isHeldUp || outcomes.some(({ kind }) => kind === 'unsent');
    claim = next ?? null;
  }
  return total;
}

/**
 * What the events of a claim are told that could not be sent as a whole: they may be of many tenants, and what the backend said may
 * be of one, or say where it stands. The log has that, under the error id.
 */
const reasonFor = ({ backend }: EventPublisher, error: unknown): string =>
  isTransient(error)
    ? `the ${backend} backend is away or did not answer in time; it is tried again`
    : `the ${backend} backend takes no events as it is set up; see the log under the error id`;

/** The id that stands in the rows of events that were not taken is in the log; their reasons, which may have anybody's data, are in the rows alone. */
function noteRefusals(
  log: Logger | undefined,
  fields: { lane: number; errorId: string; failed: number },
  { events }: Claim,
  outcomes: readonly PublishOutcome[],
): void {
  const refused = events.filter((_, index) => 'error' in (outcomes[index] ?? {}));
  const [first] = refused;
  if (!first) return;
  const level = fields.failed > 0 ? 'warn' : 'info';
  log?.[level](
    { ...fields, refused: refused.length, tenantId: first.tenantId, eventId: first.id },
    'events were not taken',
  );
}

/**
 * Twice as many as before where a full claim was quick: what a claim costs besides its events is then shared by more of them. One that was
 * slow is followed by one of the usual size, so that few events are in flight: those are what a kill lets be sent twice. `tookMs`: the claim
 * and the send. `chars`: of all payloads; where they are long there is little to share, and a claim beyond CLAIM_MAX_BYTES would be refused.
 */
export function nextBatchSize(
  size: number,
  { count, chars, sendMs, tookMs }: { count: number; chars: number; sendMs: number; tookMs: number },
  { batchSize, maxBatchSize = batchSize, leaseMs }: Pick<LaneOptions, 'batchSize' | 'maxBatchSize' | 'leaseMs'>,
): number {
  const slowness = Math.max(sendMs / QUICK_SEND_MS, tookMs / (leaseMs * QUICK_PART_OF_LEASE));
  if (slowness > 1) return batchSize;
  const mayGrow = count >= size && 2 * slowness <= 1 && 2 * chars <= MAX_GROWN_CHARS;
  return mayGrow ? Math.min(2 * size, Math.max(size, maxBatchSize)) : size;
}

/** Marks, and claims the next events with it where there is nothing to choose. `next` is null when none were there. */
async function mark(
  pool: Pool,
  hold: Hold,
  claim: Claim,
  outcomes: readonly PublishOutcome[],
  options: Omit<LaneOptions, 'goesOn'> & { errorId: string; goesOn: boolean },
): Promise<{ counts: MarkCounts; next?: Claim | null }> {
  if (options.goesOn) {
    const both = await within(options.leaseMs, 'mark', markAndClaim(pool, hold, claim, outcomes, options));
    if (both) return both;
  }
  return { counts: await within(options.leaseMs, 'mark', markEvents(pool, hold, claim, outcomes, options)) };
}

async function send(
  deps: { pool: Pool; publisher: EventPublisher },
  hold: Hold,
  claim: Claim,
  options: LaneOptions & { deadlineMs: number },
  errorId: string,
): Promise<readonly PublishOutcome[]> {
  const { deadlineMs } = options;
  const started = performance.now();
  const observe = (outcome: string) => publishSeconds.labels(outcome).observe((performance.now() - started) / 1_000);
  try {
    // Whoever stood still for so long may find that another has the lane, and sends these.
    if (deadlineMs <= 0) throw new DeadlineError('the claim', options.leaseMs * PUBLISH_PART_OF_LEASE);
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]);
    const sending = deps.publisher.publish(claim.events, { lane: hold.lane, signal, deadlineMs });
    const outcomes = await within(deadlineMs, 'publish', sending, options.signal);
    observe('ok');
    return outcomes;
  } catch (error) {
    observe('error');
    const message = reasonFor(deps.publisher, error);
    const seqs = claim.events.map((event) => event.seq);
    hold.progress = { ...hold.progress, passed: null };
    const isReleased = await within(
      options.leaseMs,
      'release',
      releaseEvents(deps.pool, hold, seqs, { message, errorId }),
    ).then(
      () => true,
      () => false,
    );
    throw new PublishFailedError(error, errorId, isReleased);
  }
}
