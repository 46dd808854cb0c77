import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, Outlet, useLoaderData } from '@remix-run/react';
import { Pause, PencilLine } from 'lucide-react';
import type { PipelineDetail } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { InScheduleZone } from '../time/clock.tsx';
import { actorWords } from '../ui/actor.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Labels } from '../ui/filter-bar.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { TabLinks } from '../ui/tabs.tsx';
import { Time } from '../ui/time.tsx';
import { pipelineAction } from './action.server.ts';
import { RunNow, ScheduleAction } from './actions.tsx';
import { PipelineState } from './pipeline-state.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data?.pipeline.name ?? 'Pipeline'} · Mainspring` },
];

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const pipeline = await load(args, (api) => api.pipelines.get({ id }));
  const role = args.context.session?.role;
  return {
    pipeline,
    canOperate: role !== 'viewer',
    canPublish: role === 'admin',
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = (args: ActionFunctionArgs) => pipelineAction(args);

export default function Pipeline() {
  const { pipeline, canOperate, canPublish, loadedAtMs } = useLoaderData<typeof loader>();
  const base = `/data/pipelines/${pipeline.id}`;
  return (
    <InScheduleZone zone={pipeline.timezone}>
      <PageHeader
        crumbs={[{ to: '/data/pipelines', label: 'Pipelines' }]}
        title={pipeline.name}
        mark={
          <>
            <PipelineState item={pipeline} />
            {pipeline.liveVersion !== null && (
              <span className="tabular text-faint text-xs">v{pipeline.liveVersion}</span>
            )}
            <Labels labels={pipeline.labels} to="/data/pipelines" />
          </>
        }
        detail={pipeline.description || undefined}
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} topics={['pipelines', 'schedules', 'runs']} />
            {canOperate && pipeline.schedule !== null && <ScheduleAction pipeline={pipeline} />}
            {canOperate && <RunNow pipeline={pipeline} />}
          </>
        }
      />
      {canPublish && pipeline.liveVersion !== pipeline.latestVersion && <UnpublishedNotice pipeline={pipeline} />}
      {pipeline.paused !== null && <PausedNotice paused={pipeline.paused} />}
      <div className="mb-4 border-line border-b">
        <TabLinks
          label="Parts of this pipeline"
          tabs={[
            { to: base, label: 'Overview', end: true },
            { to: `${base}/runs`, label: 'Runs' },
            { to: `${base}/ledger`, label: 'Ledger' },
            { to: `${base}/sql`, label: 'SQL' },
            { to: `${base}/ir`, label: 'Document' },
            { to: `${base}/versions`, label: 'Versions' },
            ...(canPublish ? [{ to: `${base}/edit`, label: 'Edit' }] : []),
          ]}
        />
      </div>
      <Outlet />
    </InScheduleZone>
  );
}

function UnpublishedNotice({ pipeline }: { pipeline: PipelineDetail }) {
  return (
    <p className="mb-4 flex flex-wrap items-center gap-x-2 gap-y-1 rounded-lg bg-busy-soft px-3.5 py-2 text-busy">
      <PencilLine aria-hidden className="size-4" />
      Version {pipeline.latestVersion} is saved and not live.
      <Link to={`/data/pipelines/${pipeline.id}/publish`} className="font-medium underline">
        Review and publish
      </Link>
    </p>
  );
}

function PausedNotice({ paused }: { paused: NonNullable<PipelineDetail['paused']> }) {
  return (
    <p className="mb-4 flex flex-wrap items-center gap-x-2 gap-y-1 rounded-lg bg-held-soft px-3.5 py-2 text-held">
      <Pause aria-hidden className="size-4" />
      <span>
        Paused <Time at={paused.at} />
        {paused.by !== null && ` by ${actorWords(paused.by)}`}
        {paused.until !== null && (
          <>
            {' '}
            until <Time at={paused.until} show="exact" />
          </>
        )}
        {paused.reason && `: ${paused.reason}`}
      </span>
    </p>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
