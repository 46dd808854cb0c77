import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import { Plus, Workflow } from 'lucide-react';
import type { PipelineListItem } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { ScheduleWords } from '../scheduler/schedule-words.tsx';
import { LastRun } from '../scheduler/scheduler-table.tsx';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar, Labels } from '../ui/filter-bar.tsx';
import { Live } from '../ui/live.tsx';
import { LongRows } from '../ui/long-rows.tsx';
import { PageHeader } from '../ui/page.tsx';
import { pageSizeOf } from '../ui/page-size.ts';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { useWide } from '../ui/use-wide.ts';
import { PipelineState } from './pipeline-state.tsx';

export const meta: MetaFunction = () => [{ title: 'Pipelines · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const search = searchParams.get('search')?.trim() ?? '';
  const label = searchParams.getAll('label').filter(Boolean);
  const cursor = searchParams.get('cursor');
  const page = await load(args, (api) =>
    api.pipelines.list({
      label,
      limit: pageSizeOf(args.request),
      ...(search ? { search } : {}),
      ...(cursor ? { cursor } : {}),
    }),
  );
  return {
    ...page,
    isFiltered: search !== '' || label.length > 0,
    canCreate: args.context.session?.role === 'admin',
    loadedAtMs: args.context.now.getTime(),
  };
}

export default function Pipelines() {
  const { items, nextCursor, isFiltered, canCreate, loadedAtMs } = useLoaderData<typeof loader>();
  const isWide = useWide();
  return (
    <>
      <PageHeader
        title="Pipelines"
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} topics={['pipelines', 'schedules', 'runs']} />
            {canCreate && (
              <Button asChild look="primary">
                <Link to="/data/pipelines/new">
                  <Plus aria-hidden /> New pipeline
                </Link>
              </Button>
            )}
          </>
        }
      />
      <FilterBar search labels />
      <Card flush>
        {items.length === 0 ? (
          <EmptyState icon={Workflow} title={isFiltered ? 'No pipeline matches this filter' : 'No pipelines yet'}>
            {isFiltered ? (
              'Names and descriptions are searched; labels must all match.'
            ) : (
              <>
                Write the first one here, or send a document to{' '}
                <code className="font-mono text-xs">POST /api/v1/pipelines</code>.
              </>
            )}
          </EmptyState>
        ) : (
          <>
            {isWide !== false && <PipelineTable items={items} />}
            {isWide !== true && <PipelineCards items={items} />}
            <Pagination nextCursor={nextCursor} shown={items.length} what="pipelines" isSized />
          </>
        )}
      </Card>
    </>
  );
}

const Name = ({ item }: { item: PipelineListItem }) => (
  <div className="min-w-0 max-w-md">
    <Link to={`/data/pipelines/${item.id}`} prefetch="intent" className="font-medium hover:underline">
      {item.name}
    </Link>
    {item.description !== '' && <p className="truncate text-faint text-xs">{item.description}</p>}
  </div>
);

function PipelineTable({ items }: { items: PipelineListItem[] }) {
  return (
    <Table label="Pipelines" className="max-md:hidden" fixed="min-w-[56rem]" rowCount={items.length + 1}>
      <Head>
        <Column className="w-[31%]">Pipeline</Column>
        <Column className="w-[17%]">Labels</Column>
        <Column className="w-[21%]">Schedule</Column>
        <Column>State</Column>
        <Column className="w-[12%]">Last run</Column>
        <Column align="right" className="w-[8%]">
          Live
        </Column>
      </Head>
      <LongRows
        items={items}
        keyOf={(item) => item.id}
        estimatePx={58}
        columns={6}
        row={(item, place) => (
          <Row place={place}>
            <Cell>
              <Name item={item} />
            </Cell>
            <Cell>
              <Labels labels={item.labels} />
            </Cell>
            <Cell>
              <ScheduleWords words={item.scheduleWords} schedule={item.schedule} zone={item.timezone} />
            </Cell>
            <Cell>
              <PipelineState item={item} />
            </Cell>
            <Cell>
              <LastRun item={item} />
            </Cell>
            <Cell align="right">
              {item.liveVersion === null ? <span className="text-faint">draft</span> : `v${item.liveVersion}`}
            </Cell>
          </Row>
        )}
      />
    </Table>
  );
}

function PipelineCards({ items }: { items: PipelineListItem[] }) {
  return (
    <ul className="divide-y divide-line md:hidden">
      {items.map((item) => (
        <li key={item.id} className="space-y-2 p-4">
          <div className="flex items-start justify-between gap-3">
            <Name item={item} />
            <LastRun item={item} />
          </div>
          <ScheduleWords words={item.scheduleWords} schedule={item.schedule} zone={item.timezone} />
          <div className="flex flex-wrap items-center gap-2">
            <PipelineState item={item} />
            <Labels labels={item.labels} />
          </div>
        </li>
      ))}
    </ul>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
