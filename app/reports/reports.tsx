import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { reportAction } from './action.server.ts';
import { MadeCard } from './made-card.tsx';
import { EditSchedule } from './schedule-dialog.tsx';
import { SchedulesCard } from './schedules-card.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Reports · Mainspring' }];

const REPORTS = 25;

export async function loader(args: LoaderFunctionArgs) {
  const cursor = new URL(args.request.url).searchParams.get('cursor');
  const [schedules, reports, templates] = await load(args, (api) =>
    Promise.all([
      api.reports.schedules(),
      api.reports.list({ limit: REPORTS, ...(cursor ? { cursor } : {}) }),
      api.reports.templates(),
    ]),
  );
  return {
    ...{ schedules: schedules.items, reports, templates: templates.items },
    canWrite: args.context.session?.role !== 'viewer',
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = reportAction;

export default function Reports() {
  const { schedules, reports, templates, canWrite, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Reports"
        detail="Made on a schedule, each from where the last one ended, and sent as a page and a spreadsheet."
        actions={
          <>
            <Live loadedAtMs={loadedAtMs} />
            {canWrite && <EditSchedule schedule={null} templates={templates} />}
          </>
        }
      />
      <div className="grid gap-4">
        <SchedulesCard schedules={schedules} templates={templates} canWrite={canWrite} />
        <MadeCard reports={reports} />
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
