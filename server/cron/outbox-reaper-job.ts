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
  async run({ pool, log, failPoint }, { outboxStaleness }) {
    const beforeCommit = () => failPoint('outboxReaper.reset');
    const answer = await reapEvents({ pool, log, beforeCommit }, outboxStaleness);
    failPoint('outboxReaper.committed');
    return { answer, counts: { reset: answer.resetCount } };
  },
};
