import type { LoaderFunctionArgs } from '@remix-run/node';
import { Form, Link, useLoaderData, useRouteLoaderData } from '@remix-run/react';
import type { PipelineVersion } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { DocumentDiff } from '../editor/document-diff.tsx';
import { formatDocument } from '../editor/format-document.ts';
import { Actor } from '../ui/actor.tsx';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import type { loader as parentLoader } from './detail.tsx';

const PAGE_SIZE = 25;

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const { searchParams } = new URL(args.request.url);
  const cursor = searchParams.get('cursor');
  const [from, to] = [Number(searchParams.get('from')), Number(searchParams.get('to'))];
  return load(args, async (api) => {
    const page = await api.pipelines.versions({ id, limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) });
    const text = async (version: number) => formatDocument((await api.pipelines.ir({ id, version })).document);
    const diff =
      Number.isInteger(from) && Number.isInteger(to) && from > 0 && to > 0
        ? { from, to, before: await text(from), after: await text(to) }
        : null;
    return { ...page, diff };
  });
}

/** Every version that was saved; two of them side by side. */
export default function Versions() {
  const { items, nextCursor, diff } = useLoaderData<typeof loader>();
  const parent = useRouteLoaderData<typeof parentLoader>('pipelines/detail');
  const latest = items[0]?.version ?? 1;
  return (
    <Form method="get" className="space-y-4" preventScrollReset>
      <Card
        title="Versions"
        aside={
          items.length > 1 && (
            <Button type="submit" size="sm">
              Compare the two chosen
            </Button>
          )
        }
        flush
      >
        <Table label="Versions">
          <Head>
            <Column>Version</Column>
            <Column>
              <abbr title="compare from">From</abbr>
            </Column>
            <Column>
              <abbr title="compare to">To</abbr>
            </Column>
            <Column>Saved</Column>
            <Column className="max-sm:hidden">By</Column>
            <Column className="max-sm:hidden">Last published</Column>
            <Column className="max-sm:hidden">Approved by</Column>
            <Column>
              <span className="sr-only">Actions</span>
            </Column>
          </Head>
          <tbody>
            {items.map((item, at) => (
              <VersionRow
                key={item.version}
                item={item}
                isFrom={diff ? diff.from === item.version : at === Math.min(1, items.length - 1)}
                isTo={diff ? diff.to === item.version : item.version === latest}
                canPublish={parent?.canPublish ?? false}
              />
            ))}
          </tbody>
        </Table>
        <Pagination nextCursor={nextCursor} shown={items.length} what="versions" />
      </Card>
      {diff !== null && (
        <Card title={`From version ${diff.from} to version ${diff.to}`} flush>
          <DocumentDiff
            before={diff.before}
            after={diff.after}
            beforeName={`version ${diff.from}`}
            afterName={`version ${diff.to}`}
          />
        </Card>
      )}
    </Form>
  );
}

interface VersionRowProps {
  item: PipelineVersion;
  isFrom: boolean;
  isTo: boolean;
  canPublish: boolean;
}

function VersionRow({ item, isFrom, isTo, canPublish }: VersionRowProps) {
  const { version, isLive, createdAt, createdBy, publishedAt, approval } = item;
  return (
    <Row>
      <Cell className="whitespace-nowrap">
        <Link to={`../ir?version=${version}`} className="font-medium hover:underline">
          v{version}
        </Link>
        {isLive && <span className="ml-2 rounded bg-ok-soft px-1.5 text-2xs text-ok leading-4">live</span>}
      </Cell>
      {(['from', 'to'] as const).map((name) => (
        <Cell key={name}>
          <input
            type="radio"
            name={name}
            value={version}
            defaultChecked={name === 'from' ? isFrom : isTo}
            aria-label={`Compare ${name} version ${version}`}
            className="accent-accent"
          />
        </Cell>
      ))}
      <Cell>
        <Time at={createdAt} />
      </Cell>
      <Cell className="max-w-48 truncate max-sm:hidden">
        {createdBy ? <Actor name={createdBy} /> : <Dash why="The system" />}
      </Cell>
      <Cell className="max-sm:hidden">{publishedAt === null ? <Dash why="Never" /> : <Time at={publishedAt} />}</Cell>
      <Cell className="max-w-56 max-sm:hidden">
        <ApprovedBy approval={approval} />
      </Cell>
      <Cell align="right">
        {canPublish && !isLive && (
          <Button asChild size="sm">
            <Link to={`../publish?version=${version}`}>Publish…</Link>
          </Button>
        )}
      </Cell>
    </Row>
  );
}

function ApprovedBy({ approval }: Pick<PipelineVersion, 'approval'>) {
  if (approval === null) return <Dash why="It went live without approval, or never" />;
  return (
    <Link to={`/ops/approvals/${approval.requestId}`} className="break-words text-accent underline">
      {[...new Set(approval.approvedBy.map(({ voter }) => voter))].join(', ')}
    </Link>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
