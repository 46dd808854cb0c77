// Events to an HTTP endpoint: one signed request each, in order per key, several keys at once.
import { ServiceError } from '#server/lib/index.ts';
import { isUnanswered, type OutboundClient } from '#server/outbound/index.ts';
import {
  createdAtOf,
  type EventPublisher,
  type OutboxEvent,
  PublisherUnavailableError,
  type PublishOutcome,
} from '../publisher.ts';
import { keyOf } from '../states.ts';
import { judgeAnswer } from './webhook-answer.ts';
import { signWebhook } from './webhook-signature.ts';

export type WebhookPublisherOptions = {
  /** Its own: close() closes it. */
  client: OutboundClient;
  /** OUTBOX_WEBHOOK_URL; the operator's, so it may lie in a private network. */
  url: string;
  /** OUTBOX_WEBHOOK_SECRET. */
  secret: string;
};

/** Requests at once in each of the four lanes. */
const CONCURRENCY = 16;
/** A request may take this part of the publish's time, and none is begun after that one of it. */
const REQUEST_PART_OF_DEADLINE = 0.4;
const BEGIN_PART_OF_DEADLINE = 0.5;
const REQUEST_MAX_MS = 10_000;
const HUNG_RETRY_MS = 5_000;
/** Events whose last failure is remembered; beyond that the oldest is forgotten, and begins anew. */
const FAILURES_KEPT = 10_000;
const MAX_ANSWER_BYTES = 10_000;
/** Whoever took an event so lately is there. */
const ALIVE_MS = 10_000;

export function createWebhookPublisher(options: WebhookPublisherOptions): EventPublisher {
  let tookAtMs = Number.NEGATIVE_INFINITY;
  const isAlive = () => performance.now() - tookAtMs < ALIVE_MS;
  const failedAtMs = new Map<string, number>();

  /**
   * Notes that an event failed, and says whether it is the event's own fault: since it last failed, the receiver has
   * taken another. An outage, however long, is none, for nothing is taken then.
   */
  function failsAlone({ id }: OutboxEvent): boolean {
    const lastMs = failedAtMs.get(id);
    failedAtMs.delete(id);
    failedAtMs.set(id, performance.now());
    const [oldest] = failedAtMs.keys();
    if (failedAtMs.size > FAILURES_KEPT && oldest !== undefined) failedAtMs.delete(oldest);
    return lastMs !== undefined && tookAtMs > lastMs;
  }

  async function post(event: OutboxEvent, deadlineMs: number, signal: AbortSignal): Promise<PublishOutcome> {
    const body = bodyOf(event);
    const requeued = event.headers['mainspring-requeued'];
    const answer = await options.client.request({
      ...{ url: options.url, method: 'POST', body, trust: 'operator', deadlineMs, signal },
      maxResponseBytes: MAX_ANSWER_BYTES,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'mainspring-outbox',
        'mainspring-event-type': encodeURI(event.type),
        ...(requeued === undefined ? {} : { 'mainspring-requeued': encodeURI(requeued) }),
        ...signWebhook(options.secret, event.id, body, new Date()),
      },
    });
    const verdict = judgeAnswer(answer, new Date());
    if (verdict.kind === 'taken') {
      tookAtMs = performance.now();
      failedAtMs.delete(event.id);
      return { kind: 'published' };
    }
    if (verdict.kind === 'refused') return { kind: 'refused', error: verdict.error, isFinal: true };
    if (verdict.kind === 'later') return { kind: 'deferred', error: verdict.error, delayMs: verdict.delayMs };
    if (verdict.kind === 'failed' ? failsAlone(event) : isAlive())
      return { kind: 'refused', error: verdict.error, isFinal: false };
    if (verdict.kind === 'failed') return { kind: 'deferred', error: verdict.error, delayMs: verdict.delayMs };
    throw verdict.error;
  }

  /** A receiver that hangs, breaks off or talks nonsense over this event and takes others; null when it may be away. */
  function unanswered(event: OutboxEvent, error: Error): PublishOutcome | null {
    if (failsAlone(event)) return { kind: 'refused', error, isFinal: false };
    return isAlive() ? { kind: 'deferred', error, delayMs: HUNG_RETRY_MS } : null;
  }

  return {
    backend: 'webhook',
    async publish(events, { signal, deadlineMs }) {
      const outcomes: PublishOutcome[] = events.map(() => ({ kind: 'unsent' }));
      const beginUntilMs = performance.now() + deadlineMs * BEGIN_PART_OF_DEADLINE;
      const requestMs = Math.min(REQUEST_MAX_MS, deadlineMs * REQUEST_PART_OF_DEADLINE);
      const places = events.map((_, index) => index);
      const keys = [...Map.groupBy(places, (index) => keyOf(events[index]!)).values()];
      const outage: unknown[] = [];

      async function sendKey(own: readonly number[]): Promise<void> {
        for (const [step, index] of own.entries()) {
          if (outage.length > 0 || signal.aborted || performance.now() > beginUntilMs) return;
          try {
            outcomes[index] = await post(events[index]!, requestMs, signal);
          } catch (error) {
            const outcome = isUnanswered(error) ? unanswered(events[index]!, silenceOf(error)) : null;
            if (outcome === null) {
              outage.push(asOutage(error));
              return;
            }
            outcomes[index] = outcome;
          }
          if (!letsGoOn(outcomes[index])) {
            for (const later of own.slice(step + 1)) outcomes[later] = { kind: 'held' };
            return;
          }
        }
      }
      // Keys in the order of their first events; whoever is done takes the next.
      const queue = keys.values();
      const workers = Array.from({ length: Math.min(CONCURRENCY, keys.length) }, async () => {
        for (const own of queue) await sendKey(own);
      });
      await Promise.all(workers);
      signal.throwIfAborted();
      // What is known is worth more than the outage: the next claim will meet it.
      if (outage.length > 0 && outcomes.every(({ kind }) => kind === 'unsent')) throw outage[0];
      return outcomes;
    },
    async close() {
      options.client.close();
    },
  };
}

/** For the event's tenant, whom it does not concern where the receiver stands. */
const silenceOf = (error: unknown): Error =>
  new Error(
    codeOf(error) === 'OUTBOUND_DEADLINE'
      ? 'the receiver did not answer in full in time'
      : 'the receiver broke off, or what it answered is not HTTP',
    { cause: error },
  );

const codeOf = (error: unknown): string => (error instanceof ServiceError ? error.code : '');

/** After these the next event of the key may follow. */
const letsGoOn = (outcome: PublishOutcome | undefined) =>
  outcome?.kind === 'published' || (outcome?.kind === 'refused' && outcome.isFinal);

/** An address that is refused stays refused; one that cannot be reached does not. */
const asOutage = (error: unknown): unknown =>
  ['OUTBOUND_DEADLINE', 'OUTBOUND_UNREACHABLE'].includes(codeOf(error))
    ? new PublisherUnavailableError(error instanceof Error ? error.message : String(error), { cause: error })
    : error;

/** The payload goes in as text: parsing it would round numbers. Every copy is the same to the byte. */
function bodyOf(event: OutboxEvent): string {
  const { id, tenantId, type, key, headers } = event;
  const envelope = JSON.stringify({ id, tenantId, type, key, createdAt: createdAtOf(event), headers });
  return `${envelope.slice(0, -1)},"payload":${event.payload}}`;
}
