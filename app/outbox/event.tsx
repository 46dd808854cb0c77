import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { useState } from 'react';
import type { OutboxEventDetail } from '#server/web/index.ts';
import { load, notFound } from '../api.server.ts';
import { count, counted } from '../time/format.ts';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { outboxAction } from './action.server.ts';
import { SettleDialog } from './settle-dialog.tsx';
import { eventLook } from './states.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data ? data.event.type : 'Event'} · Mainspring` },
];

const EVENT_ID = /^[0-9a-f-]{36}$/i;

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  if (!EVENT_ID.test(id)) throw notFound('EVENT_NOT_FOUND', `there is no outbox event "${id.slice(0, 100)}"`);
  const event = await load(args, (api) => api.outbox.get({ id }));
  return {
    event,
    canOperate: args.context.session?.role !== 'viewer',
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = outboxAction;

export default function OutboxEvent() {
  const { event, canOperate, loadedAtMs } = useLoaderData<typeof loader>();
  const which = { ids: [event.id] };
  const isFailed = event.status === 'failed';
  // One that fails again and again may hold its key back for ever; it is in flight for a moment each time.
  const isStuck = event.lastError !== null && (event.status === 'pending' || event.status === 'processing');
  // Once there they stay: they have yet to tell what they came to when the event is no longer failed.
  const [isOffered, setOffered] = useState(false);
  if (!isOffered && (isFailed || isStuck)) setOffered(true);
  return (
    <>
      <PageHeader
        crumbs={[{ to: '/ops/outbox', label: 'Outbox' }]}
        title={event.type}
        mark={<Pill {...eventLook[event.status]} />}
        detail={
          <>
            Key <code className="break-all font-mono text-xs">{event.key}</code>
          </>
        }
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} topics={['outbox']} />
            {canOperate && isOffered && (
              <>
                <SettleDialog intent="requeue" which={which} isDisabled={!isFailed} />
                <SettleDialog intent="discard" which={which} isDisabled={!isFailed && !isStuck} isWaiting={isStuck} />
              </>
            )}
          </>
        }
      />
      {event.lastError !== null && <LastError event={event} />}
      <Card title="Event" className="mb-4">
        <Facts facts={factsOf(event)} />
      </Card>
      <Card title="Payload" aside={counted(event.payloadBytes, 'byte')} className="mb-4">
        <JsonView value={event.payload} what="payload" openDepth={3} />
      </Card>
      {Object.keys(event.headers).length > 0 && (
        <Card title="Headers">
          <JsonView value={event.headers} what="headers" />
        </Card>
      )}
    </>
  );
}

/** What went wrong last; for a published event it is only history. */
function LastError({ event }: { event: OutboxEventDetail }) {
  return (
    <Card title={event.status === 'published' ? 'Last error before it was published' : 'Last error'} className="mb-4">
      <p className={`break-words ${event.status === 'published' ? 'text-muted' : 'text-bad'}`}>{event.lastError}</p>
      {event.errorId !== null && (
        <p className="mt-1.5 text-faint text-xs">
          Error id <CopyableId id={event.errorId} what="error id" whole />
        </p>
      )}
    </Card>
  );
}

const factsOf = (event: OutboxEventDetail) => [
  { term: 'Id', value: <CopyableId id={event.id} what="event id" /> },
  { term: 'Stored', value: <Time at={event.createdAt} show="exact" /> },
  {
    term: 'Published',
    value: event.publishedAt ? <Time at={event.publishedAt} show="exact" /> : <Dash why="Not published" />,
  },
  { term: 'Failed attempts', value: count(event.attempts) },
  ...(event.failedAt ? [{ term: 'Failed', value: <Time at={event.failedAt} show="exact" /> }] : []),
  ...(event.status === 'pending' ? [{ term: 'Tried from', value: <Time at={event.availableAt} show="exact" /> }] : []),
  { term: 'Requeued', value: event.requeueCount === 0 ? <Dash why="Never" /> : counted(event.requeueCount, 'time') },
  { term: 'Lane', value: event.lane },
];

export const ErrorBoundary = RouteErrorBoundary;
