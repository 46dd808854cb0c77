import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { Stamp } from 'lucide-react';
import type { RequestState } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { approvalAction } from './action.server.ts';
import { RequestsTable } from './requests-table.tsx';
import { SettingsCard } from './settings-card.tsx';
import { publishingWords, requestLook } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Approvals · Mainspring' }];

const PAGE_SIZE = 30;
const STATES = Object.keys(requestLook) as RequestState[];

export async function loader(args: LoaderFunctionArgs) {
  const params = new URL(args.request.url).searchParams;
  const cursor = params.get('cursor');
  const state = STATES.find((name) => name === params.get('state'));
  const [mine, all, settings] = await load(args, (api) =>
    Promise.all([
      api.approvals.list({ mine: true, limit: 200 }),
      api.approvals.list({ limit: PAGE_SIZE, ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) }),
      api.approvals.settings(),
    ]),
  );
  return {
    ...{ mine: mine.items, all, settings, isFiltered: state !== undefined },
    canSet: args.context.session?.role === 'admin',
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = approvalAction;

export default function Approvals() {
  const { mine, all, settings, isFiltered, canSet, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Approvals"
        detail={mine.length === 0 ? 'Nothing waits for you.' : `${mine.length} waiting for you.`}
        actions={<Live loadedAtMs={loadedAtMs} />}
      />
      <div className="grid gap-4">
        {mine.length > 0 && (
          <Card title="Waiting for you" flush>
            <RequestsTable label="Waiting for you" items={mine} />
          </Card>
        )}
        <div>
          <FilterBar
            choices={{
              name: 'state',
              label: 'State',
              options: STATES.map((value) => ({ value, label: requestLook[value].label })),
            }}
          />
          <Card title="Change requests" flush>
            {all.items.length === 0 ? (
              <EmptyState
                icon={Stamp}
                title={isFiltered ? 'No change request is in this state' : 'No change requests yet'}
              >
                {isFiltered ? 'Choose another state.' : publishingWords(settings)}
              </EmptyState>
            ) : (
              <RequestsTable label="Change requests" items={all.items} />
            )}
            <Pagination nextCursor={all.nextCursor} shown={all.items.length} what="change requests" />
          </Card>
        </div>
        <SettingsCard settings={settings} canSet={canSet} />
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
