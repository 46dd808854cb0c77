import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useActionData, useLoaderData } from '@remix-run/react';
import { OutcomeNotice } from '../accounts/outcome-notice.tsx';
import { load } from '../api.server.ts';
import { Button } from '../ui/button.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { stopAction } from './action.server.ts';
import { Effects } from './effects.tsx';
import { StopCard } from './stop-card.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Emergency stop · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const [stop, { quotas }] = await load(args, (api) => Promise.all([api.fleet.stopState(), api.limits.get()]));
  const { session, now } = args.context;
  const running = quotas.concurrentRuns.used;
  return {
    ...{ stop, tenantName: session?.tenant.name ?? '' },
    // A queue's row is there until its run has ended.
    work: { running, waiting: Math.max(0, quotas.queuedRuns.used - running), schedules: quotas.schedules.used },
    asked: new URL(args.request.url).searchParams.get('stop'),
    canStop: session !== null && session.role !== 'viewer',
    isInstanceOperator: session?.user.isInstanceOperator === true,
    isAdmin: session?.role === 'admin',
    loadedAtMs: now.getTime(),
  };
}

export const action = stopAction;

const counted = (count: number, one: string, many: string) => (count === 1 ? `One ${one}` : `${count} ${many}`);

/** What a stop of the tenant would do now, with its numbers. */
function tenantWords({ running, waiting, schedules }: { running: number; waiting: number; schedules: number }): string {
  const [fires, waits, runs] = [
    schedules === 0 ? 'Nothing is fired' : counted(schedules, 'schedule fires nothing', 'schedules fire nothing'),
    waiting === 0 ? 'what is queued waits' : counted(waiting, 'queued run waits', 'queued runs wait').toLowerCase(),
    running === 0 ? 'No run is running now.' : counted(running, 'run is running now.', 'runs are running now.'),
  ];
  return `${fires} from now on, ${waits}, and a run by hand is refused, until somebody lets work go on. What falls due meanwhile is skipped and not caught up. ${runs}`;
}

export default function FleetPage() {
  const { stop, tenantName, work, asked, canStop, isInstanceOperator, isAdmin, loadedAtMs } =
    useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Emergency stop"
        detail="While it is pulled nothing new is fired or begun. It holds in every process from its next look on."
        actions={
          <>
            {isAdmin && (
              <Button asChild>
                <Link to="/ops/audit?action=work.">Earlier stops in the audit log</Link>
              </Button>
            )}
            <Live loadedAtMs={loadedAtMs} topics={['stops', 'runs', 'schedules']} />
          </>
        }
      />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className="mb-4 grid items-start gap-4 lg:grid-cols-2">
        <StopCard
          whose="tenant"
          title={`This tenant: ${tenantName}`}
          name={tenantName}
          stop={stop.tenant}
          facts={[
            { term: 'Running now', value: work.running },
            { term: 'Waiting', value: work.waiting },
            { term: 'Schedules', value: work.schedules },
          ]}
          words={tenantWords(work)}
          canStop={canStop}
          whoCan="Operators and admins of this tenant can stop its work and let it go on."
          isOpen={asked === 'tenant'}
        />
        <StopCard
          whose="instance"
          title="The whole installation"
          name="this installation"
          stop={stop.instance}
          facts={[]}
          words="The same for every tenant at once. A tenant that was stopped by itself stays so when the installation goes on. Who asks why is told the reason, whichever tenant they are in."
          canStop={isInstanceOperator}
          whoCan={
            stop.instance === null
              ? 'It is not stopped. Only the instance operator can stop all tenants at once.'
              : 'Only the instance operator can let it go on.'
          }
          isOpen={asked === 'instance'}
        />
      </div>
      <Effects />
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
