import type { LoaderFunctionArgs } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { runFilter } from '../runs/run-filter.ts';
import { RunList } from '../runs/run-list.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { pipelineIdOf } from './pipeline-id.server.ts';

export async function loader(args: LoaderFunctionArgs) {
  const page = await load(args, async (api) =>
    api.runs.list({ ...runFilter(args.request), pipelineId: await pipelineIdOf(api, args.params.id ?? '') }),
  );
  return { ...page, isFiltered: new URL(args.request.url).searchParams.has('status') };
}

export default function PipelineRuns() {
  return <RunList {...useLoaderData<typeof loader>()} withPipeline={false} />;
}

export const ErrorBoundary = RouteErrorBoundary;
