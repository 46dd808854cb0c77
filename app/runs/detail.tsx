import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import { useState } from 'react';
import type { RunDetail } from '#server/web/index.ts';
import { act, load, notFound } from '../api.server.ts';
import { DagView } from '../dag/dag-view.tsx';
import { REFRESH_MS } from '../live/use-refresh.ts';
import { count } from '../time/format.ts';
import { Actor } from '../ui/actor.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { nodeLook, RunPill, toneSolid } from '../ui/status-pill.tsx';
import { Dash, Duration, Time } from '../ui/time.tsx';
import { Attempts } from './attempts.tsx';
import { CancelRun } from './cancel-run.tsx';
import { DeadLetters } from './dead-letters.tsx';
import { NodeTable } from './node-table.tsx';
import { Progress } from './progress.tsx';
import { RunFailure } from './run-failure.tsx';
import { TriggerLabel } from './trigger.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data ? `Run of ${data.run.pipelineName}` : 'Run'} · Mainspring` },
];

/** A mistyped address is a run that is not there, not a malformed question. */
const RUN_ID = /^[0-9a-f-]{36}$/i;
const DLQ_PAGE_SIZE = 25;
/** A run under way is asked about more often than a page at rest, in milliseconds. */
const RUNNING_REFRESH_MS = 2_000;

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  if (!RUN_ID.test(id)) throw notFound('RUN_NOT_FOUND', `there is no run "${id.slice(0, 100)}"`);
  const cursor = new URL(args.request.url).searchParams.get('cursor');
  return load(args, async (api) => {
    const [run, dlq] = await Promise.all([
      api.runs.get({ id }),
      api.runs.dlq({ id, limit: DLQ_PAGE_SIZE, ...(cursor ? { cursor } : {}) }),
    ]);
    const { document } = await api.pipelines.ir({ id: run.pipelineId, version: run.version });
    const inputs = Object.fromEntries(document.nodes.map((node) => [node.id, node.inputs]));
    return {
      run,
      dlq,
      inputs,
      canOperate: args.context.session?.role !== 'viewer',
      loadedAtMs: args.context.now.getTime(),
    };
  });
}

export const action = (args: ActionFunctionArgs) =>
  act(args, async (api) => {
    const { isPending } = await api.runs.cancel({ id: args.params.id ?? '' });
    return {
      ok: true,
      title: isPending ? 'Cancel asked for' : 'Run cancelled',
      detail: isPending ? 'Its runner stops it within seconds.' : '',
    };
  });

const isUnderWay = ({ status }: RunDetail) => status === 'running' || status === 'queued';

export default function Run() {
  const { run, dlq, inputs, canOperate, loadedAtMs } = useLoaderData<typeof loader>();
  const [selected, setSelected] = useState<string | null>(null);
  const nodes = run.nodes.map((node) => ({
    id: node.nodeId,
    kind: node.kind,
    name: node.name,
    inputs: inputs[node.nodeId] ?? [],
    detail: node.status === 'pending' ? nodeLook.pending.label : count(node.rowsOut),
    mark: toneSolid[nodeLook[node.status].tone],
    isBusy: node.status === 'running',
  }));
  const toggle = (id: string) => setSelected((current) => (current === id ? null : id));
  return (
    <>
      <PageHeader
        crumbs={[
          { to: '/data/runs', label: 'Runs' },
          { to: `/data/pipelines/${run.pipelineId}`, label: run.pipelineName },
        ]}
        title={`Run of ${run.pipelineName}`}
        mark={<RunPill status={run.status} />}
        actions={
          <>
            <Live
              loadedAtMs={loadedAtMs}
              topics={['runs']}
              everyMs={isUnderWay(run) ? RUNNING_REFRESH_MS : REFRESH_MS}
            />
            {canOperate && <CancelRun run={run} isUnderWay={isUnderWay(run)} />}
          </>
        }
      />
      <div className="space-y-4">
        <Card>
          <RunFacts run={run} />
          {run.progress !== null && run.status === 'running' && <Progress progress={run.progress} />}
        </Card>
        {run.status === 'queued' && run.availableAt !== null && run.attempt > 0 && (
          <p className="rounded-lg bg-warn-soft px-3.5 py-2 text-warn">
            Attempt {run.attempt} failed; the next starts <Time at={run.availableAt} />.
          </p>
        )}
        {run.error !== null && <RunFailure error={run.error} />}
        {nodes.length > 0 && (
          <Card title="Steps" aside="rows out of each step">
            <DagView nodes={nodes} label="Steps of this run" selected={selected} onSelect={toggle} />
          </Card>
        )}
        <NodeTable nodes={run.nodes} selected={selected} onSelect={toggle} />
        <DeadLetters {...dlq} total={run.rowsRejected} />
        {run.attempts.length > 1 && <Attempts attempts={run.attempts} />}
      </div>
    </>
  );
}

function RunFacts({ run }: { run: RunDetail }) {
  return (
    <Facts
      facts={[
        { term: 'Trigger', value: <TriggerLabel trigger={run.trigger} /> },
        {
          term: 'Due',
          value:
            run.scheduledFor === null ? <Dash why="Not by schedule" /> : <Time at={run.scheduledFor} show="exact" />,
        },
        { term: 'Queued', value: <Time at={run.queuedAt} show="exact" /> },
        {
          term: 'Waited',
          value: <Duration from={run.queuedAt} to={run.startedAt ?? (run.finishedAt ? run.finishedAt : null)} />,
        },
        { term: 'Started', value: <Time at={run.startedAt} show="exact" /> },
        { term: 'Took', value: <Duration from={run.startedAt} to={run.finishedAt} /> },
        {
          term: 'Requested by',
          value: (
            <span className="block truncate">
              {run.requestedBy ? <Actor name={run.requestedBy} /> : <Dash why="Nobody" />}
            </span>
          ),
        },
        { term: 'Attempt', value: `${run.attempt} of ${run.maxAttempts}` },
        {
          term: 'Version',
          value: (
            <Link to={`/data/pipelines/${run.pipelineId}/ir`} className="hover:underline">
              v{run.version}
            </Link>
          ),
        },
        { term: 'Note', value: run.note ? run.note.replaceAll('_', ' ') : <Dash why="None" /> },
        { term: 'Run id', value: <CopyableId id={run.id} what="run id" /> },
      ]}
    />
  );
}

export const ErrorBoundary = RouteErrorBoundary;
