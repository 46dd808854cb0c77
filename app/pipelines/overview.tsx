import type { LoaderFunctionArgs } from '@remix-run/node';
import { Link, useLoaderData, useRouteLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { DagView } from '../dag/dag-view.tsx';
import { NextFiresList } from '../scheduler/next-fires.tsx';
import { sourceOf } from '../scheduler/schedule-words.tsx';
import { counted } from '../time/format.ts';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Dash, Time, ZoneLabel } from '../ui/time.tsx';
import type { loader as parentLoader } from './detail.tsx';
import { pipelineIdOf } from './pipeline-id.server.ts';
import { RecentRuns } from './recent-runs.tsx';
import { RunBars } from './run-bars.tsx';

/** Runs drawn as bars, and of those the newest that are also listed. */
const SHOWN_RUNS = 40;
const LISTED_RUNS = 8;

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  return load(args, async (api) => {
    const [ir, runs] = await Promise.all([
      api.pipelines.ir({ id }),
      pipelineIdOf(api, id).then((pipelineId) => api.runs.list({ pipelineId, limit: SHOWN_RUNS })),
    ]);
    const { nodes, errorHandling, metadata } = ir.document;
    return {
      nodes: nodes.map(({ id: nodeId, kind, name, inputs }) => ({ id: nodeId, kind, name, inputs })),
      version: ir.version,
      owner: metadata.owner,
      errorHandling,
      runs: runs.items,
    };
  });
}

export default function Overview() {
  const { nodes, version, runs, owner, errorHandling } = useLoaderData<typeof loader>();
  const parent = useRouteLoaderData<typeof parentLoader>('pipelines/detail');
  if (parent === undefined) return null;
  const { pipeline } = parent;
  const { schedule, policies, timezone } = pipeline;
  return (
    <div className="space-y-4">
      <Card title="Steps" aside={<span className="tabular">version {version}</span>}>
        <DagView nodes={nodes} label={`Steps of ${pipeline.name}`} />
      </Card>
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <Card
          flush
          title="Latest runs"
          aside={
            <Link to="runs" className="hover:text-ink hover:underline">
              All runs
            </Link>
          }
        >
          <RunBars runs={runs} />
          <RecentRuns runs={runs.slice(0, LISTED_RUNS)} />
        </Card>
        <div className="min-w-0 space-y-4">
          <Card title="Schedule" aside={timezone !== null && <ZoneLabel zone={timezone} />}>
            {schedule === null ? (
              <p className="text-muted">None. It runs when somebody or something asks for it.</p>
            ) : (
              <div className="space-y-4">
                <div>
                  <p className="font-medium first-letter:uppercase">
                    {(pipeline.scheduleWords ?? '').replace(` (${timezone})`, '')}
                  </p>
                  <code className="break-words font-mono text-faint text-xs">{sourceOf(schedule)}</code>
                </div>
                <div>
                  <h3 className="mb-1 text-faint text-xs">Next five fires, in {timezone}</h3>
                  {pipeline.paused !== null ? (
                    <p className="text-held">Paused: it does not fire.</p>
                  ) : pipeline.nextFires.length === 0 ? (
                    <p className="text-muted">The schedule has ended.</p>
                  ) : (
                    <NextFiresList fires={pipeline.nextFires} zone={timezone ?? 'UTC'} />
                  )}
                </div>
                {policies !== null && (
                  <Facts
                    facts={[
                      { term: 'When one still runs', value: overlapWords[policies.overlap] },
                      { term: 'After downtime', value: catchUpWords[policies.catchUp] },
                      { term: 'While paused', value: policies.onPause === 'drop' ? 'Skip' : 'Queue' },
                      { term: 'Clock change', value: `Gap: ${policies.dst.gap}, fold: ${policies.dst.fold}` },
                    ]}
                  />
                )}
              </div>
            )}
          </Card>
          <Card title="About">
            <Facts
              facts={[
                { term: 'Owner', value: owner || <Dash why="Nobody is named" /> },
                { term: 'Retries', value: `${counted(errorHandling.retry.maxAttempts, 'attempt')} at most` },
                { term: 'Created', value: <Time at={pipeline.createdAt} /> },
                { term: 'Changed', value: <Time at={pipeline.updatedAt} /> },
                { term: 'Pipeline id', value: <CopyableId id={pipeline.id} what="pipeline id" /> },
              ]}
            />
          </Card>
        </div>
      </div>
    </div>
  );
}

const overlapWords = {
  skip: 'Skip the new one',
  buffer_one: 'Keep one waiting',
  buffer_all: 'Keep all waiting',
  cancel_other: 'Cancel the old one',
  allow_all: 'Run both',
};
const catchUpWords = { last: 'Run the newest', none: 'Run none', all: 'Run all' };

export const ErrorBoundary = RouteErrorBoundary;
