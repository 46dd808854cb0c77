import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import { TriangleAlert } from 'lucide-react';
import type { DsarRequest } from '#server/web/index.ts';
import { OutcomeNotice } from '../accounts/outcome-notice.tsx';
import { load } from '../api.server.ts';
import { Actor } from '../ui/actor.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { ProgressBar } from '../ui/progress.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Time } from '../ui/time.tsx';
import { requestAction } from './request.server.ts';
import { RequestActions } from './request-actions.tsx';
import { BundleCard, CountsCard, ReceiptCard } from './request-cards.tsx';
import { kindWords, requestLook, subjectWords } from './request-words.ts';
import { useRefreshWhile } from './use-refresh-while.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Data request · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const request = await load(args, (api) => api.dsar.get({ id: args.params.id ?? '' }));
  return { request, loadedAtMs: args.context.now.getTime() };
}

export const action = requestAction;

/** One request: what it is about, how far it is, what it came to. */
export default function DataRequest() {
  const { request, loadedAtMs } = useLoaderData<typeof loader>();
  const outcome = useActionData<typeof action>();
  const { kind, state, isOverdue } = request;
  useRefreshWhile(state === 'running' || request.isRequested);
  return (
    <>
      <PageHeader
        crumbs={[{ to: '/data/retention', label: 'Retention' }]}
        title={`${kindWords[kind]} request of ${subjectWords(request)}`}
        mark={
          <>
            <Pill {...requestLook[state]} />
            {isOverdue && <Pill label="Overdue" tone="bad" icon={TriangleAlert} />}
          </>
        }
        actions={<Live loadedAtMs={loadedAtMs} />}
      />
      <OutcomeNotice outcome={outcome} />
      <div className="grid gap-4">
        <StateCard request={request} />
        {request.bundle !== null && <BundleCard id={request.id} bundle={request.bundle} />}
        <CountsCard request={request} />
        {request.receipt !== null && <ReceiptCard request={request} />}
      </div>
    </>
  );
}

function StateCard({ request }: { request: DsarRequest }) {
  return (
    <Card aside={<RequestActions request={request} />} title="Request">
      <Progress request={request} />
      <Facts
        facts={[
          { term: 'Taken', value: <Time at={request.createdAt} show="exact" /> },
          { term: 'By', value: <Actor name={request.createdBy} /> },
          { term: 'Due', value: <Time at={request.dueAt} show="exact" /> },
          { term: 'Begun', value: <Time at={request.startedAt} show="exact" /> },
          { term: 'Ended', value: <Time at={request.finishedAt} show="exact" /> },
          { term: 'Note', value: request.note === '' ? 'none' : request.note },
          { term: 'Subject’s hash', value: <CopyableId id={request.subjectHash} what="hash of the subject" /> },
          { term: 'Id', value: <CopyableId id={request.id} what="id of the request" /> },
        ]}
      />
    </Card>
  );
}

/** Why it stands where it stands, where there is something to say. */
function Progress({
  request: { state, isRequested, progress, refusal, error, waitingEvents },
}: {
  request: DsarRequest;
}) {
  if (state === 'refused' && refusal !== null)
    return (
      <p className="mb-4 rounded-md bg-held-soft px-3 py-2 text-held" role="status">
        Refused because of {refusal.what}: “{refusal.reason}” (since <Time at={refusal.at} />
        ). Nothing is erased while it is in force; once it is released the next cleanup carries the request out.
      </p>
    );
  if (state === 'failed')
    return (
      <p className="mb-4 rounded-md bg-bad-soft px-3 py-2 text-bad" role="status">
        It failed and is tried again by the next cleanup: {error}
      </p>
    );
  if (state === 'running' && progress !== null)
    return (
      <div className="mb-4" role="status">
        <p className="mb-1.5">
          Pass {progress.pass}: {progress.store} of {progress.stores} stores searched.
        </p>
        <ProgressBar done={progress.store} total={progress.stores} label="Stores searched in this pass" />
      </div>
    );
  const says =
    isRequested || state === 'running'
      ? 'A worker takes it up in a moment.'
      : state === 'waiting' && error !== null
        ? `It waits: ${error}. ${waitingEvents > 0 ? 'They are counted below and erased once they are out.' : ''}`
        : state === 'cancelled' && error !== null
          ? `Cancelled: ${error}`
          : null;
  return says === null ? null : (
    <p className="mb-4 rounded-md bg-sunken px-3 py-2" role="status">
      {says}
    </p>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
