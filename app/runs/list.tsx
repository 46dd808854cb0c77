import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { runFilter } from './run-filter.ts';
import { RunList } from './run-list.tsx';

export const meta: MetaFunction = () => [{ title: 'Runs · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const page = await load(args, (api) => api.runs.list(runFilter(args.request)));
  const { searchParams } = new URL(args.request.url);
  return { ...page, isFiltered: searchParams.has('status'), loadedAtMs: args.context.now.getTime() };
}

export default function Runs() {
  const { loadedAtMs, ...page } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title="Runs" actions={<Live loadedAtMs={loadedAtMs} topics={['runs']} />} />
      <RunList {...page} withPipeline />
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
