import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { act, load, text } from '../api.server.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { JobList } from './job-list.tsx';
import { RunHistory } from './run-history.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Cron · Mainspring' }];

const TOPICS = ['cron'];
const RUNS_ON_A_PAGE = 20;

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const job = searchParams.get('job');
  const cursor = searchParams.get('cursor');
  const input = { limit: RUNS_ON_A_PAGE, ...(cursor ? { cursor } : {}) };
  const [list, runs] = await load(args, (api) =>
    Promise.all([api.cron.listJobs(), job ? api.cron.listRuns({ job, ...input }) : null]),
  );
  return { ...list, open: job && runs ? { job, ...runs } : null, loadedAtMs: args.context.now.getTime() };
}

export async function action(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  return act(args, async (api) => {
    const { job } = await api.cron.runNow({ job: text(form, 'job'), params: paramsOf(form) });
    return { ok: true, title: `${job} was asked for`, detail: 'A worker takes it within some seconds.' };
  });
}

/** Whatever the form has beside the job's name; the browser's date field has no zone and is meant in UTC. */
function paramsOf(form: FormData): Record<string, string> {
  const names = [...form.keys()].filter((name) => name !== 'job' && text(form, name) !== '');
  return Object.fromEntries(
    names.map((name) => {
      const value = text(form, name);
      return [name, /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value) ? `${value}Z` : value];
    }),
  );
}

export default function Cron() {
  const { items, mayRun, open, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title="Cron" actions={<Live loadedAtMs={loadedAtMs} topics={TOPICS} />} />
      <p className="mb-3 text-muted text-xs">
        {mayRun
          ? 'The jobs of this installation, for all its tenants.'
          : 'The jobs of this installation; counts and errors are those of your tenant.'}{' '}
        Schedules are in UTC.
      </p>
      <Card flush>
        <JobList
          jobs={items}
          mayRun={mayRun}
          open={
            open && {
              job: open.job,
              history: <RunHistory job={open.job} runs={open.items} nextCursor={open.nextCursor} />,
            }
          }
        />
      </Card>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
