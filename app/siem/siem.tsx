import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import type { QuarantinedRow, SiemShipping } from '#server/web/index.ts';
import { act, load, text } from '../api.server.ts';
import { count } from '../time/format.ts';
import { ChoiceBar } from '../ui/choice-bar.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { QuarantineCard } from './quarantine-card.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'SIEM · Mainspring' }];

const ROWS = 50;
const STATES = [
  { state: 'open', label: 'To decide' },
  { state: 'requeued', label: 'Sent again' },
  { state: 'discarded', label: 'Discarded' },
] as const;
type State = QuarantinedRow['state'];

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const cursor = searchParams.get('cursor');
  const state: State = STATES.find((one) => one.state === searchParams.get('state'))?.state ?? 'open';
  const page = await load(args, (api) => api.siem.quarantine({ state, limit: ROWS, ...(cursor ? { cursor } : {}) }));
  return { page, state, loadedAtMs: args.context.now.getTime() };
}

export async function action(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  const ids = form.getAll('id').filter((id) => typeof id === 'string');
  const isDiscard = text(form, 'intent') === 'discard';
  return act(args, async (api) => {
    const { changed } = isDiscard ? await api.siem.discard({ ids }) : await api.siem.requeue({ ids });
    const rows = `${count(changed)} ${changed === 1 ? 'row' : 'rows'}`;
    return isDiscard
      ? { ok: true, title: `${rows} discarded`, detail: 'They stay in the audit log and are not shipped.' }
      : { ok: true, title: `${rows} sent again`, detail: 'They go with the next run of siemShip that reaches a SIEM.' };
  });
}

export default function Siem() {
  const { page, state, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="SIEM"
        detail="Audit rows that the SIEM refused for good. All others went on without them; these stay in the audit log."
        actions={<Live loadedAtMs={loadedAtMs} topics={['cron']} />}
      />
      <div className="mb-3">
        <States current={state} />
      </div>
      <Shipping {...page} state={state} />
      <QuarantineCard {...page} state={state} />
    </>
  );
}

/** Said while it matters: where rows wait to be sent, and nothing will send them. */
function Shipping({ shipping, items, state }: { shipping: SiemShipping; items: QuarantinedRow[]; state: State }) {
  if (shipping === 'on' || items.length === 0 || state === 'discarded') return null;
  const [why, what] = {
    no_siem: ['no SIEM is configured', 'SIEM_BACKEND of the worker'],
    no_schedule: ['nothing runs the job siemShip', 'a schedule for it in CRON_SCHEDULES'],
  }[shipping];
  return (
    <p role="status" className="mb-3 rounded-md bg-warn-soft px-3 py-2 text-warn">
      {state === 'requeued' ? 'These rows wait' : 'Rows that you send again will wait'}: {why}. Whoever operates this
      installation can set {what}.
    </p>
  );
}

function States({ current }: { current: State }) {
  const choices = STATES.map(({ state, label }) => ({
    ...{ to: state === 'open' ? '/ops/siem' : `/ops/siem?state=${state}`, label, isCurrent: state === current },
  }));
  return <ChoiceBar label="State" choices={choices} />;
}

export const ErrorBoundary = RouteErrorBoundary;
