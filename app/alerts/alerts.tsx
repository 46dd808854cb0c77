import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { alertAction } from './action.server.ts';
import { EventsCard } from './events-card.tsx';
import { EditRule } from './rule-dialog.tsx';
import { RulesCard } from './rules-card.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Alerts · Mainspring' }];

const EVENTS = 30;

export async function loader(args: LoaderFunctionArgs) {
  const cursor = new URL(args.request.url).searchParams.get('cursor');
  const [rules, events, metrics] = await load(args, (api) =>
    Promise.all([
      api.alerts.rules(),
      api.alerts.events({ limit: EVENTS, ...(cursor ? { cursor } : {}) }),
      api.alerts.metrics(),
    ]),
  );
  return {
    ...{ rules: rules.items, events, metrics: metrics.items },
    canWrite: args.context.session?.role !== 'viewer',
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = alertAction;

export default function Alerts() {
  const { rules, events, metrics, canWrite, loadedAtMs } = useLoaderData<typeof loader>();
  const firing = rules.filter(({ state, enabled }) => enabled && state === 'firing').length;
  return (
    <>
      <PageHeader
        title="Alerts"
        detail={
          firing === 0
            ? 'No rule fires. Each is evaluated once a minute.'
            : `${firing} of ${rules.length} rules fire. Each is evaluated once a minute.`
        }
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} />
            {canWrite && <EditRule rule={null} metrics={metrics} />}
          </>
        }
      />
      <div className="grid gap-4">
        <RulesCard rules={rules} metrics={metrics} canWrite={canWrite} />
        <EventsCard events={events} />
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
