import { counter, gauge, histogram } from '#server/lib/index.ts';

export const enqueueFailures = counter('outbox_enqueue_failures_total', 'Events that could not be stored, by reason', [
  'reason',
]);
export const pendingCount = gauge('outbox_pending_count', 'Events that wait to be published, refreshed every tick');
export const processed = counter(
  'outbox_processed_total',
  'Events by what became of a claim: published, retried, failed, released (not sent), lost (marked too late)',
  ['result'],
);
export const eventAge = histogram(
  'outbox_event_age_seconds',
  'From the start of the transaction that stored an event to its mark as published',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800],
);
export const eventAttempts = histogram(
  'outbox_event_attempts',
  'Failed attempts of an event when it was published or failed',
  [0, 1, 2, 3, 5, 10, 20],
);
export const batchSize = histogram(
  'outbox_batch_size',
  'Events in one claim',
  [1, 5, 20, 50, 100, 250, 500, 1_000, 2_000],
);
export const publishSeconds = histogram(
  'outbox_publish_duration_seconds',
  'Time of one publish call, by outcome',
  [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ['outcome'],
);
export const tickFailures = counter('outbox_tick_failures_total', 'Failed ticks of the publisher', ['transient']);
