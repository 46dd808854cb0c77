import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import { settle } from '../accounts/outcome.server.ts';
import type { Outcome } from '../accounts/outcome.ts';
import { OutcomeNotice } from '../accounts/outcome-notice.tsx';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { LimitsForm } from './limits-form.tsx';
import { LimitsTable } from './limits-table.tsx';
import { readLimits } from './read-form.ts';
import { LIMIT_NAMES, LIMIT_WORDS } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Limits · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const limits = await load(args, (api) => api.limits.get());
  const { session, now } = args.context;
  return {
    ...{ limits, tenantName: session?.tenant.name ?? '' },
    canChange: session?.user.isInstanceOperator === true,
    loadedAtMs: now.getTime(),
  };
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent): Promise<Outcome> => {
    if (intent !== 'put') return unknownIntent(intent);
    const read = readLimits(form, await api.limits.get());
    if ('problem' in read)
      return {
        ok: false,
        error: { title: 'This could not be done', code: 'INPUT_INVALID', message: read.problem, errorId: null },
      };
    const changed = LIMIT_NAMES.filter((name) => name in read.change);
    if (changed.length === 0) return { ok: true, title: 'Nothing was changed', detail: 'The limits are as they were.' };
    // What another operator set while this form was open is not overwritten.
    const ifUpdatedAt = text(form, 'updatedAt') || null;
    await api.limits.put({ tenant: args.context.session?.tenant.id ?? '', ifUpdatedAt, ...read.change });
    return {
      ok: true,
      title: `Changed: ${changed.map((name) => LIMIT_WORDS[name].label.toLowerCase()).join(', ')}`,
      detail: 'Quotas count from the next request on, the rate within half a minute in every process.',
    };
  });

export default function LimitsPage() {
  const { limits, tenantName, canChange, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Limits"
        detail={`What ${tenantName} may have and do, and how much of it is used now.`}
        actions={<Live loadedAtMs={loadedAtMs} topics={['runs', 'pipelines', 'schedules', 'limits']} />}
      />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className={canChange ? 'grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]' : 'max-w-4xl'}>
        <Card flush>
          <LimitsTable limits={limits} />
          {!canChange && (
            <p className="border-line border-t px-4 py-2 text-faint text-xs">
              The instance operator of this installation changes them.
            </p>
          )}
        </Card>
        {canChange && (
          <Card title={`Change the limits of ${tenantName}`}>
            <LimitsForm limits={limits} />
          </Card>
        )}
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
