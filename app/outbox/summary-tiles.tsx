import type { EventStatus, OutboxSummary } from '#server/web/index.ts';
import { duration } from '../time/format.ts';
import { CountTile } from '../ui/count-tile.tsx';
import { eventLook } from './states.ts';

/** Waiting longer than this is worth a colour: a publisher that lives takes seconds. */
const OLD_SECONDS = 60;

/** How much is in which state; each tile filters the list to its state, and a second press takes that back. */
export function SummaryTiles({ summary, current }: { summary: OutboxSummary; current: EventStatus | null }) {
  const { oldestPendingAgeSeconds: ageSeconds } = summary;
  const isOld = ageSeconds !== null && ageSeconds > OLD_SECONDS;
  const hints: Record<'pending' | 'processing' | 'published' | 'failed', string> = {
    pending: ageSeconds === null ? 'nothing waits' : `oldest ${duration(Math.floor(ageSeconds) * 1_000)}`,
    processing: 'claimed, not yet marked',
    published: 'since the beginning',
    failed: summary.failed === 0 ? 'none set aside' : 'requeue or discard',
  };
  return (
    <ul aria-label="Events by status" className="mb-4 grid grid-cols-2 gap-2 sm:grid-cols-4">
      {(['pending', 'processing', 'published', 'failed'] as const).map((status) => (
        <CountTile
          key={status}
          label={eventLook[status].label}
          amount={summary[status]}
          hint={hints[status]}
          isCurrent={status === current}
          tone={status === 'pending' && isOld ? 'warn' : eventLook[status].tone}
          filter={{ name: 'status', value: status }}
          isStacked
        />
      ))}
    </ul>
  );
}
