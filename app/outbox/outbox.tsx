import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { outboxAction } from './action.server.ts';
import { ChartCard } from './chart-card.tsx';
import { outboxView, PAGE_SIZE } from './event-filter.ts';
import { EventList } from './event-list.tsx';
import { PublisherCard } from './publisher-card.tsx';
import { SummaryTiles } from './summary-tiles.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Outbox · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const { status, filter, minutes, cursor } = outboxView(args.request.url);
  const [summary, history, publishers, page] = await load(args, (api) =>
    Promise.all([
      api.outbox.summary(),
      api.outbox.history({ minutes }),
      api.outbox.publishers(),
      api.outbox.list({ ...filter, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}), limit: PAGE_SIZE }),
    ]),
  );
  return {
    ...{ summary, history, publishers, page, status, filter, minutes },
    canOperate: args.context.session?.role !== 'viewer',
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = outboxAction;

export default function Outbox() {
  const { summary, history, publishers, page, status, filter, minutes, canOperate, loadedAtMs } =
    useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title="Outbox" actions={<Live loadedAtMs={loadedAtMs} topics={['outbox']} />} />
      <SummaryTiles summary={summary} current={status} />
      <div className="mb-4 grid gap-4 2xl:grid-cols-[1fr_20rem]">
        <ChartCard history={history} minutes={minutes} />
        <PublisherCard publishers={publishers} />
      </div>
      <EventList page={page} status={status} filter={filter} canOperate={canOperate} />
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
