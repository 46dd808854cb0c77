import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useActionData, useLoaderData, useNavigation } from '@remix-run/react';
import { Confirm } from '../accounts/confirm.tsx';
import { OutcomeNotice } from '../accounts/outcome-notice.tsx';
import { load } from '../api.server.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { PageHeader } from '../ui/page.tsx';
import { connectionAction } from './action.server.ts';
import { ConnectionList } from './connection-list.tsx';
import { KIND_FORMS, KINDS, kindOf } from './kinds.ts';
import { NewConnection } from './new-connection.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Connections · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const kind = kindOf(searchParams.get('kind'));
  const { items } = await load(args, (api) => api.connections.list(kind === undefined ? {} : { kind }));
  const { session } = args.context;
  return {
    ...{ items, isFiltered: kind !== undefined, newKind: kindOf(searchParams.get('new')) },
    canWrite: session?.role === 'admin',
    canRotate: session?.user.isInstanceOperator === true,
  };
}

export const action = connectionAction;

export default function Connections() {
  const { items, isFiltered, newKind, canWrite, canRotate } = useLoaderData<typeof loader>();
  const { state, formData } = useNavigation();
  const hasSide = canWrite || canRotate;
  return (
    <>
      <PageHeader
        title="Connections"
        detail="Other systems that this tenant works with. Their secrets are sealed and never shown again."
      />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className={hasSide ? 'grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]' : undefined}>
        <div className="min-w-0">
          {(items.length > 0 || isFiltered) && (
            <FilterBar
              choices={{
                ...{ name: 'kind', label: 'Kind' },
                options: KINDS.map((kind) => ({ value: kind, label: KIND_FORMS[kind].label })),
              }}
            />
          )}
          <Card flush>
            <ConnectionList connections={items} isFiltered={isFiltered} canWrite={canWrite} />
          </Card>
        </div>
        {hasSide && (
          <div className="grid min-w-0 gap-4">
            {canWrite && (
              <Card title="New connection">
                <NewConnection kind={newKind} />
              </Card>
            )}
            {canRotate && (
              <Card title="Sealing key of the installation">
                <Confirm
                  summary="Rotate the key …"
                  words="A new key is made and the secrets of all tenants are sealed with it, a batch at a time. Nothing stops meanwhile, and what connections say and do stays the same."
                  intent="rotate"
                  button="Rotate the sealing key"
                  busy={state !== 'idle' && formData?.get('intent') === 'rotate'}
                />
              </Card>
            )}
          </div>
        )}
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
