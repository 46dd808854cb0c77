import { CircleAlert, Radio } from 'lucide-react';
import type { OutboxPublisher } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Time } from '../ui/time.tsx';

interface PublisherCardProps {
  publishers: { items: OutboxPublisher[]; unheldLanes: number[] };
}

const laneWords = (lanes: number[]) =>
  lanes.length === 0 ? 'no lane' : `${lanes.length === 1 ? 'lane' : 'lanes'} ${lanes.join(', ')}`;

function PublisherPill({ publisher: { isSilent, failingSince, lanes } }: { publisher: OutboxPublisher }) {
  if (isSilent) return <Pill label="Silent" tone="bad" icon={CircleAlert} />;
  if (failingSince !== null) return <Pill label="Cannot send" tone="bad" icon={CircleAlert} />;
  return <Pill label={lanes.length > 0 ? 'Publishing' : 'Standing by'} tone="ok" icon={Radio} />;
}

/** Who publishes, since when it was last heard of, and which lanes are its own. */
export function PublisherCard({ publishers: { items, unheldLanes } }: PublisherCardProps) {
  return (
    <Card title="Publishers" flush>
      {unheldLanes.length > 0 && (
        <p className="flex items-start gap-2 border-line border-b bg-warn-soft px-4 py-2 text-warn text-xs">
          <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          Nobody publishes {laneWords(unheldLanes)} at this moment.
        </p>
      )}
      {items.length === 0 ? (
        <EmptyState icon={Radio} title="No publisher has signed on">
          The worker publishes unless it is told not to; start one and its sign of life shows here.
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line">
          {items.map((publisher) => (
            <li key={publisher.id} className="px-4 py-2.5">
              <div className="flex items-center justify-between gap-2">
                <span className="min-w-0 truncate font-medium" title={publisher.id}>
                  {publisher.id}
                </span>
                <PublisherPill publisher={publisher} />
              </div>
              <p className="mt-0.5 flex flex-wrap gap-x-2 text-faint text-xs">
                <span>to {publisher.backend}</span>
                <span>{laneWords(publisher.lanes)}</span>
                <span>
                  heard <Time at={publisher.lastSeenAt} />
                </span>
                {publisher.failingSince !== null && (
                  <span className="text-bad">
                    {publisher.isSilent ? 'could not publish since' : 'cannot send since'}{' '}
                    <Time at={publisher.failingSince} />; its log says why
                  </span>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
