import type { ActionFunctionArgs, LoaderFunctionArgs } from '@remix-run/node';
import { Form, Link, useActionData, useLoaderData, useNavigation, useRouteLoaderData } from '@remix-run/react';
import { ArrowRight, CircleAlert, CircleCheck, Hourglass } from 'lucide-react';
import type { ChangeRequest } from '#server/web/index.ts';
import { act, load, text } from '../api.server.ts';
import { publishHint } from '../approvals/words.ts';
import { DocumentDiff } from '../editor/document-diff.tsx';
import { formatDocument } from '../editor/format-document.ts';
import { ProblemLine } from '../editor/side-panel.tsx';
import { useKept } from '../editor/use-kept.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Time } from '../ui/time.tsx';
import type { loader as parentLoader } from './detail.tsx';
import { type Change, changesOf } from './publish-changes.ts';

export { clientAction } from '../lost-answer.ts';

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const asked = Number(new URL(args.request.url).searchParams.get('version'));
  return load(args, async (api) => {
    const next = await api.pipelines.ir({ id, ...(Number.isInteger(asked) && asked > 0 ? { version: asked } : {}) });
    const live = next.liveVersion === null ? null : await api.pipelines.ir({ id, version: next.liveVersion });
    const { ok, problems } = await api.pipelines.validate({ document: next.document });
    const rules = await api.approvals.settings();
    const labels = [next.document, ...(live ? [live.document] : [])].map(({ metadata }) => metadata.labels);
    const open = await api.approvals.list({ pipelineId: next.pipelineId, state: 'open', limit: 1 });
    return {
      waiting: open.items[0] ?? null,
      hint: publishHint(rules, labels),
      version: next.version,
      liveVersion: next.liveVersion,
      ok,
      problems,
      changes: changesOf(live?.document ?? null, next.document),
      before: live && formatDocument(live.document),
      after: formatDocument(next.document),
    };
  });
}

export const action = async (args: ActionFunctionArgs) => {
  const form = await args.request.formData();
  const version = Number(text(form, 'version'));
  return act(args, async (api) => {
    const published = await api.pipelines.publish({ id: args.params.id ?? '', version });
    if (published.state === 'live') return { ok: true, title: `Version ${version} is live` };
    return { ok: true, title: `Version ${version} was sent for approval`, requestId: published.changeRequest.id };
  });
};

/** What publishing a version changes, before it is done. */
export default function Publish() {
  const { version, liveVersion, ok, problems, changes, before, after, waiting, hint } = useLoaderData<typeof loader>();
  const parent = useRouteLoaderData<typeof parentLoader>('pipelines/detail');
  const result = useKept(useActionData<typeof action>());
  const { state } = useNavigation();
  const name = parent?.pipeline.name ?? 'this pipeline';
  if (version === liveVersion) return <IsLive version={version} isNew={result?.ok === true} />;
  if (waiting?.targetVersion === version) return <IsWaiting request={waiting} />;
  return (
    <div className="space-y-4">
      {waiting !== null && <OtherWaiting request={waiting} />}
      {result?.ok === false && (
        <p role="alert" className="rounded-lg bg-bad-soft px-3.5 py-2.5 text-bad">
          Not published: {result.error.message} ({result.error.code})
        </p>
      )}
      <Card title={`Publish version ${version} of ${name}?`}>
        <p className="text-muted">
          {liveVersion === null
            ? 'It is the first version to go live.'
            : `It takes the place of version ${liveVersion}. Runs under way finish with the version that they began with.`}
        </p>
        <Changes changes={changes} />
        {problems.length > 0 && (
          <div className="mt-4">
            <h3 className="font-medium">{ok ? 'To know before' : 'It cannot be published as it is'}</h3>
            <ul className="mt-1">
              {problems.map((problem) => (
                <li key={`${problem.pointer} ${problem.code} ${problem.message}`}>
                  <ProblemLine problem={problem} onJump={null} />
                </li>
              ))}
            </ul>
          </div>
        )}
        {hint !== null && <p className="mt-4 rounded-lg bg-warn-soft px-3.5 py-2.5 text-warn">{hint}</p>}
        <Form method="post" className="mt-5 flex flex-wrap gap-2">
          <input type="hidden" name="version" value={version} />
          <Button
            type="submit"
            look="primary"
            disabled={!ok || parent?.canPublish === false}
            busy={state === 'submitting'}
          >
            Publish version {version}
          </Button>
          <Button asChild>
            <Link to="../edit">{ok ? 'Go on editing' : 'Edit it'}</Link>
          </Button>
          <Button asChild look="quiet">
            <Link to="..">Not now</Link>
          </Button>
        </Form>
      </Card>
      {before !== null && (
        <Card title={`All differences to version ${liveVersion}`} flush>
          <DocumentDiff
            before={before}
            after={after}
            beforeName={`version ${liveVersion}`}
            afterName={`version ${version}`}
          />
        </Card>
      )}
    </div>
  );
}

function Changes({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return <p className="mt-3">Schedule, targets and steps stay as they are.</p>;
  return (
    <dl className="mt-3 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {changes.map(({ what, before, after }) => (
        <div key={what} className="col-span-2 grid grid-cols-subgrid items-baseline">
          <dt className="text-muted">{what}</dt>
          <dd className="flex flex-wrap items-baseline gap-x-2">
            {before === null ? (
              <span className="text-ok">new: {after}</span>
            ) : after === null ? (
              <span className="text-bad">gone: {before}</span>
            ) : (
              <>
                <span className="break-all text-faint line-through decoration-1">{before}</span>
                <ArrowRight aria-label="becomes" className="size-3.5 shrink-0 self-center text-faint" />
                <span className="break-all font-medium">{after}</span>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function IsWaiting({ request: { id, targetVersion, stageName, expiresAt } }: { request: ChangeRequest }) {
  return (
    <Card>
      <p role="status" className="flex items-center gap-2 font-medium">
        <Hourglass aria-hidden className="size-4 text-warn" />
        Version {targetVersion} was sent for approval and is not live yet.
      </p>
      <p className="mt-1 text-muted">
        It waits for {stageName ?? 'a decision'}. Its time is over <Time at={expiresAt} />.
      </p>
      <div className="mt-4 flex flex-wrap gap-2">
        <Button asChild look="primary">
          <Link to={`/ops/approvals/${id}`}>See the change request</Link>
        </Button>
        <Button asChild look="quiet">
          <Link to="..">Overview</Link>
        </Button>
      </div>
    </Card>
  );
}

const OtherWaiting = ({ request: { id, targetVersion } }: { request: ChangeRequest }) => (
  <p className="rounded-lg bg-warn-soft px-3.5 py-2.5 text-warn">
    <Link to={`/ops/approvals/${id}`} className="underline">
      Version {targetVersion} waits for approval
    </Link>
    : publishing another one ends that request.
  </p>
);

function IsLive({ version, isNew }: { version: number; isNew: boolean }) {
  const Icon = isNew ? CircleCheck : CircleAlert;
  return (
    <Card>
      <p role="status" className="flex items-center gap-2 font-medium">
        <Icon aria-hidden className={isNew ? 'size-4 text-ok' : 'size-4 text-faint'} />
        Version {version} is live{isNew ? ' now' : ' already'}.
      </p>
      <div className="mt-4 flex flex-wrap gap-2">
        <Button asChild>
          <Link to="..">Overview</Link>
        </Button>
        <Button asChild look="quiet">
          <Link to="../versions">All versions</Link>
        </Button>
      </div>
    </Card>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
