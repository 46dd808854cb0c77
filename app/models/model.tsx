import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData, useRevalidator } from '@remix-run/react';
import { Play } from 'lucide-react';
import { useEffect } from 'react';
import type { Model } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { Actor } from '../ui/actor.tsx';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { useAction } from '../ui/use-action.tsx';
import { modelAction } from './action.server.ts';
import { DeleteModel, EditModel } from './model-dialog.tsx';
import { NextTraining } from './next-training.tsx';
import { ScoreCard } from './score-card.tsx';
import { VersionCard } from './version-card.tsx';
import { VersionsCard } from './versions-card.tsx';
import { kindWords, stateLook } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data?.model.name ?? 'Model'} · Mainspring` },
];

const VERSIONS = 30;
const REFRESH_MS = 2_000;

/** `?version=` says which version is looked at; else the newest that was trained, or the newest. */
export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const params = new URL(args.request.url).searchParams;
  const cursor = params.get('cursor');
  return load(args, async (api) => {
    const [model, versions, tables] = await Promise.all([
      api.models.get({ id }),
      api.models.versions({ id, limit: VERSIONS, ...(cursor ? { cursor } : {}) }),
      api.models.tables(),
    ]);
    const newest = versions.items.find(({ status }) => status === 'ready') ?? versions.items[0];
    const asked = Number(params.get('version'));
    const chosen = Number.isSafeInteger(asked) && asked > 0 ? asked : (newest?.version ?? 0);
    return {
      ...{ model, versions, tables: tables.items },
      chosen: chosen > 0 ? await api.models.version({ id, version: chosen }) : null,
      live: model.live === null ? null : await api.models.version({ id, version: model.live.version }),
      canWrite: args.context.session?.role !== 'viewer',
    };
  });
}

export const action = modelAction;

export default function ModelPage() {
  const { model, versions, tables, chosen, live, canWrite } = useLoaderData<typeof loader>();
  useTrainingWatch(model.state === 'training');
  return (
    <>
      <PageHeader
        crumbs={[{ to: '/data/models', label: 'Models' }]}
        title={model.name}
        mark={<Pill {...stateLook[model.state]} />}
        detail={`${kindWords[model.kind]}: how likely "${model.label}" is "${model.positive}"`}
        actions={
          canWrite && (
            <>
              <TrainNow model={model} />
              <EditModel model={model} tables={tables} />
              <DeleteModel model={model} />
            </>
          )
        }
      />
      <div className="grid gap-4">
        <Card>
          <Facts facts={factsOf(model)} />
        </Card>
        {chosen === null ? (
          <Card>
            <EmptyState icon={Play} title="Not trained yet">
              The first version is put live when it is better than the majority class by two standard errors.
            </EmptyState>
          </Card>
        ) : (
          <>
            <VersionCard modelId={model.id} version={chosen} canWrite={canWrite} />
            {live?.parameters && <ScoreCard modelId={model.id} version={live} />}
            <VersionsCard versions={versions} chosen={chosen.version} />
          </>
        )}
      </div>
    </>
  );
}

function TrainNow({ model }: { model: Model }) {
  const { Form, busy } = useAction(() => {});
  return (
    <Form method="post" action={`/data/models/${model.id}`}>
      <input type="hidden" name="intent" value="train" />
      <Button type="submit" look="primary" busy={busy || model.state === 'training'}>
        <Play aria-hidden /> {busy || model.state === 'training' ? 'Training …' : 'Train now'}
      </Button>
    </Form>
  );
}

/** Somebody else's training, or the job's, is watched until it is over. */
function useTrainingWatch(isTraining: boolean): void {
  const { revalidate, state } = useRevalidator();
  useEffect(() => {
    if (!isTraining || state !== 'idle') return;
    const timer = setTimeout(revalidate, REFRESH_MS);
    return () => clearTimeout(timer);
  }, [isTraining, revalidate, state]);
}

const factsOf = (model: Model) => [
  { term: 'Table', value: <code className="break-all">{model.sourceTable}</code> },
  { term: 'Learns from', value: model.features.join(', ') },
  { term: 'Live version', value: model.live === null ? 'none' : String(model.live.version) },
  {
    term: 'Schedule',
    value: model.schedule === null ? 'by hand' : `${model.schedule.cron} (${model.schedule.timezone})`,
  },
  { term: 'Next training', value: <NextTraining model={model} /> },
  { term: 'Changed by', value: <Actor name={model.updatedBy} /> },
];

export const ErrorBoundary = RouteErrorBoundary;
