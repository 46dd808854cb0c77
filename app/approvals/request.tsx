import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import type { ChangeRequestDetail } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { DocumentDiff } from '../editor/document-diff.tsx';
import { formatDocument } from '../editor/format-document.ts';
import { Actor, actorWords } from '../ui/actor.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { approvalAction } from './action.server.ts';
import { Decide } from './decide.tsx';
import { Expiry } from './expiry.tsx';
import { Timeline } from './timeline.tsx';
import { requestLook, titleOf, versionsOf } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  {
    title: `${data ? titleOf(data.request) : 'Approval'} · Mainspring`,
  },
];

export async function loader(args: LoaderFunctionArgs) {
  const found = await load(args, (api) => api.approvals.get({ id: args.params.id ?? '' }));
  // The page shows both as text; what differs is for scripts.
  const { base, target, changes: _, ...request } = found;
  return {
    request: { ...request, base: null, target: null, changes: [] } satisfies ChangeRequestDetail,
    ...textsOf(found),
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = approvalAction;

/** One change: what it would change, who decided what, and what is to be decided now. */
export default function ChangeRequestPage() {
  const { request, before, after, loadedAtMs } = useLoaderData<typeof loader>();
  const { means, ...look } = requestLook[request.state];
  const hasSaidWhy = request.state === 'open' && request.whyNot !== null;
  return (
    <>
      <PageHeader
        crumbs={[{ to: '/ops/approvals', label: 'Approvals' }]}
        title={titleOf(request)}
        mark={<Pill {...look} />}
        detail={hasSaidWhy ? `You cannot approve it: ${request.whyNot}.` : means}
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} />
            <Decide request={request} />
          </>
        }
      />
      <Card className="mb-4">
        <Facts facts={factsOf(request)} />
      </Card>
      {request.rules && <Loosened loosens={request.rules.loosens} />}
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
        <Card title={request.baseVersion === null ? 'What would go live' : 'What would change'} flush>
          <DocumentDiff
            before={before}
            after={after}
            beforeName={request.baseVersion === null ? 'nothing' : `version ${request.baseVersion}`}
            afterName={`version ${request.targetVersion}`}
          />
        </Card>
        <Card title="Stages" className="max-xl:order-first">
          <Timeline request={request} />
        </Card>
      </div>
    </>
  );
}

/** What is compared, as text. */
function textsOf({ base, target, rules }: ChangeRequestDetail): { before: string; after: string } {
  const text = (rules: object) => `${JSON.stringify(rules, null, 2)}\n`;
  if (rules) return { before: text(rules.before), after: text(rules.after) };
  return { before: base === null ? '' : formatDocument(base), after: target === null ? '' : formatDocument(target) };
}

function Loosened({ loosens }: { loosens: string[] }) {
  return (
    <Card title="What would no longer be asked for" className="mb-4">
      <ul className="list-disc space-y-1 pl-5">
        {loosens.map((one) => (
          <li key={one} className="break-words">
            {one}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function factsOf(request: ChangeRequestDetail) {
  const facts = [
    { term: 'Versions', value: <span className="tabular">{versionsOf(request)}</span> },
    { term: 'Asked by', value: <Actor name={request.requestedBy} /> },
    { term: 'Time is over', value: <Expiry request={request} /> },
  ];
  if (request.subject === 'rules') return facts;
  const link = (
    <Link to={`/data/pipelines/${request.pipelineId}`} className="text-accent underline">
      {request.pipelineName}
    </Link>
  );
  return [
    { term: 'Pipeline', value: link },
    ...facts,
    { term: 'Saved by', value: request.authors.map(actorWords).join(', ') },
    { term: 'Because of', value: request.selectors.join(', ') },
  ];
}

export const ErrorBoundary = RouteErrorBoundary;
