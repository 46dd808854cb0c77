import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import type { GitopsDocumentDetail } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { DocumentDiff } from '../editor/document-diff.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Dash } from '../ui/time.tsx';
import { ApplyButton, applyingOf, useApplyDialog } from './apply-dialog.tsx';
import { stateLook } from './words.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data ? (data.document.name ?? data.document.file) : 'Document'} · Mainspring` },
];

export async function loader(args: LoaderFunctionArgs) {
  const canApply = args.context.session?.role === 'admin';
  const [document, plan] = await load(args, async (api) => {
    const found = await api.gitops.document({ id: args.params.id ?? '' });
    const isApplicable = canApply && (found.state === 'changed' || found.state === 'missing');
    return [found, isApplicable ? await api.gitops.planSource() : null] as const;
  });
  return {
    document,
    applying: applyingOf(plan, plan?.items.filter(({ name }) => name === document.name) ?? []),
  };
}

/** One document: what is here, what the repository says, and what is between them. */
export default function GitopsDocumentPage() {
  const { document, applying } = useLoaderData<typeof loader>();
  const { onApply, dialog } = useApplyDialog();
  const { means, ...look } = stateLook[document.state];
  return (
    <>
      <PageHeader
        crumbs={[{ to: '/data/gitops', label: 'Git' }]}
        title={document.name ?? document.file}
        mark={<Pill {...look} />}
        detail={means}
        actions={applying && <ApplyButton applying={applying} label="Apply" onApply={onApply} />}
      />
      {dialog}
      <Card className="mb-4">
        <Facts facts={factsOf(document)} />
      </Card>
      {document.problems.length > 0 && (
        <Card title="What is wrong" className="mb-4">
          <ul className="space-y-2">
            {document.problems.map(({ pointer, code, message }) => (
              <li key={`${pointer} ${code} ${message}`} className="break-words">
                {pointer !== '' && <code className="mr-2 font-mono text-xs">{pointer}</code>}
                {message}
              </li>
            ))}
          </ul>
        </Card>
      )}
      {document.state !== 'invalid' && <Sides document={document} />}
    </>
  );
}

function Sides({ document: { state, here, hereVersion, repository, isLatest } }: { document: GitopsDocumentDetail }) {
  const hereName = `${isLatest ? 'live version' : 'version'} ${hereVersion}`;
  if (here !== null && repository !== null)
    return (
      <Card title={state === 'in_sync' ? 'Both' : 'What differs'} flush>
        <DocumentDiff before={here} after={repository} beforeName={hereName} afterName="the repository" />
      </Card>
    );
  const yaml = here ?? repository ?? '';
  return (
    <Card
      title={here === null ? 'In the repository' : 'Here'}
      aside={<CopyButton text={yaml} what="document as YAML" />}
      flush
    >
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="overflow-x-auto bg-sunken p-4 font-mono text-xs leading-5"
      >
        {yaml}
      </pre>
    </Card>
  );
}

const factsOf = ({ file, line, pipelineId, name, latestVersion, liveVersion }: GitopsDocumentDetail) => [
  {
    term: 'File',
    value:
      file === null ? <Dash why="The repository has none" /> : <span className="break-all">{`${file}:${line}`}</span>,
  },
  {
    term: 'Pipeline',
    value:
      pipelineId === null ? (
        <Dash why="There is no such pipeline" />
      ) : (
        <Link to={`/data/pipelines/${pipelineId}`} className="text-accent underline">
          {name}
        </Link>
      ),
  },
  { term: 'Latest version', value: latestVersion ?? <Dash why="There is no such pipeline" /> },
  { term: 'Live version', value: liveVersion ?? <Dash why="None is live" /> },
];

export const ErrorBoundary = RouteErrorBoundary;
