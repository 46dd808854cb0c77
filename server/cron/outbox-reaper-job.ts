import type { JobDefinition } from '#server/jobs/index.ts';
import { reapEvents } from '#server/outbox/index.ts';

/** One idempotent statement: two at once reset each event once between them. */
export const outboxReaperJob: JobDefinition<{ outboxStaleness: string | undefined }> = {
  name: 'outboxReaper',
  path: 'outbox-reaper',
  summary: 'Sets outbox events that a dead publisher left in processing back to pending.',
  schedule: '*/2 * * * *',
  timeoutMs: 60_000,
  hasExactAnswer: true,
  async run({ pool, log }, { outboxStaleness }) {
    const answer = await reapEvents({ pool, log }, outboxStaleness);
    return { answer, counts: { reset: answer.resetCount } };
  },
};
