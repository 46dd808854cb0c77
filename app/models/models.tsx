import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import { BrainCircuit } from 'lucide-react';
import type { Model } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { modelAction } from './action.server.ts';
import { EditModel } from './model-dialog.tsx';
import { NextTraining } from './next-training.tsx';
import { fixed, kindWords, stateLook } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Models · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const [models, tables] = await load(args, (api) => Promise.all([api.models.list(), api.models.tables()]));
  return {
    ...{ models: models.items, tables: tables.items, canWrite: args.context.session?.role !== 'viewer' },
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = modelAction;

export default function Models() {
  const { models, tables, canWrite, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Models"
        detail="Learned from your tables, and live only when they are better than knowing nothing."
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} />
            {canWrite && tables.length > 0 && <EditModel model={null} tables={tables} />}
          </>
        }
      />
      <Card flush>
        {models.length === 0 ? (
          <EmptyState icon={BrainCircuit} title="No model yet">
            {tables.length === 0
              ? 'A model learns from a table, and there is none yet: run a pipeline that writes one.'
              : 'A model tells how likely one value of a column is, from other columns of its row.'}
          </EmptyState>
        ) : (
          <ModelTable models={models} />
        )}
      </Card>
    </>
  );
}

function ModelTable({ models }: { models: Model[] }) {
  return (
    <Table label="Models">
      <Head>
        <Column>Model</Column>
        <Column>State</Column>
        <Column align="right" className="max-sm:hidden">
          Live
        </Column>
        <Column align="right" className="max-sm:hidden">
          AUC
        </Column>
        <Column className="max-sm:hidden">Last training</Column>
        <Column>Next training</Column>
      </Head>
      <tbody>
        {models.map((model) => (
          <Row key={model.id}>
            <Cell>
              <Link to={`/data/models/${model.id}`} className="max-w-72 break-words font-medium hover:underline">
                {model.name}
              </Link>
              <p className="text-faint text-xs">
                {kindWords[model.kind]} of <code className="break-words">{model.sourceTable}</code>
              </p>
              {model.live !== null && (
                <p className="text-muted text-xs sm:hidden">
                  version {model.live.version} live, AUC {fixed(model.live.auc)}
                </p>
              )}
            </Cell>
            <Cell>
              <Pill {...stateLook[model.state]} />
            </Cell>
            <Cell align="right" className="tabular max-sm:hidden">
              {model.live === null ? '–' : `v${model.live.version}`}
            </Cell>
            <Cell align="right" className="tabular max-sm:hidden">
              {fixed(model.live?.auc)}
            </Cell>
            <Cell className="whitespace-nowrap text-xs max-sm:hidden">
              {model.last === null ? <span className="text-faint">never</span> : <Time at={model.last.startedAt} />}
            </Cell>
            <Cell className="whitespace-nowrap text-xs">
              <NextTraining model={model} isShort />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
