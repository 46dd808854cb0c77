import { randomUUID } from 'node:crypto';
import type { Pool } from '#db/client.ts';
import { type Claim, claimEvents } from './claim.ts';
import { PUBLISH_PART_OF_LEASE } from './config.ts';
import { within } from './deadline.ts';
import type { Hold } from './lanes.ts';
import { type MarkCounts, markEvents, releaseEvents } from './mark.ts';
import { publishSeconds } from './metrics.ts';
import type { EventPublisher, PublishOutcome } from './publisher.ts';

export type LaneTurn = MarkCounts & { claimed: number; isFull: boolean };
export type LaneOptions = {
  leaseMs: number;
  batchSize: number;
  maxAttempts: number;
  isSweep: boolean;
  signal: AbortSignal;
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
 * One claim of a lane: take, publish outside any transaction, mark. Whoever calls it for one lane twice at once
 * breaks the order.
 * @throws LaneLostError, PublishFailedError, or what the database says
 */
export async function publishLane(
  deps: { pool: Pool; publisher: EventPublisher },
  hold: Hold,
  options: LaneOptions,
): Promise<LaneTurn> {
  // The lease runs from the claim's first statement: what the claim took is not there for sending any more.
  const claimSentAtMs = performance.now();
  const claim = await within(options.leaseMs, 'claim', claimEvents(deps.pool, hold, options));
  if (claim.events.length === 0) return { claimed: 0, published: 0, retried: 0, failed: 0, lost: 0, isFull: false };
  const errorId = randomUUID();
  const deadlineMs = options.leaseMs * PUBLISH_PART_OF_LEASE - (performance.now() - claimSentAtMs);
  const outcomes = await send(
    deps,
    hold,
    claim,
    { ...options, deadlineMs: Math.max(1, Math.floor(deadlineMs)) },
    errorId,
  );
  const marked = await within(
    options.leaseMs,
    'mark',
    markEvents(deps.pool, hold, claim, outcomes, { maxAttempts: options.maxAttempts, errorId }),
  );
  const isUnfinished = outcomes.some(({ kind }) => kind === 'unsent');
  return { claimed: claim.events.length, ...marked, isFull: claim.isFull || isUnfinished };
}

async function send(
  deps: { pool: Pool; publisher: EventPublisher },
  hold: Hold,
  claim: Claim,
  options: LaneOptions & { deadlineMs: number },
  errorId: string,
): Promise<readonly PublishOutcome[]> {
  const { deadlineMs } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]);
  const started = performance.now();
  const observe = (outcome: string) => publishSeconds.labels(outcome).observe((performance.now() - started) / 1_000);
  try {
    const sending = deps.publisher.publish(claim.events, { lane: hold.lane, signal, deadlineMs });
    const outcomes = await within(deadlineMs, 'publish', sending, options.signal);
    observe('ok');
    return outcomes;
  } catch (error) {
    observe('error');
    const message = error instanceof Error ? error.message : String(error);
    const seqs = claim.events.map((event) => event.seq);
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
