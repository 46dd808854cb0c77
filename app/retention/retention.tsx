import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import type { PagesApi } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { retentionAction } from './action.server.ts';
import { HoldsCard } from './holds-card.tsx';
import { PoliciesCard } from './policies-card.tsx';
import { PreviewCard, PreviewTooSlow } from './preview-card.tsx';
import { ReceiptsCard } from './receipts-card.tsx';
import { RequestsCard } from './requests-card.tsx';
import { Warnings } from './warnings.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Retention · Mainspring' }];

const RECEIPTS = 15;
const HOLDS = 100;
const REQUESTS = 50;

/** Null: it took too long. Who wants to place a hold just then must have the rest of the page. */
const previewOr = (api: PagesApi, { context }: LoaderFunctionArgs) =>
  api.retention.preview().catch((error: unknown) => {
    if (context.toProblem(error).code === 'RETENTION_PREVIEW_TIMED_OUT') return null;
    throw error;
  });

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const cursor = searchParams.get('cursor');
  const state = searchParams.get('holds') === 'all' ? 'all' : 'active';
  const asked = searchParams.get('requests') === 'all' ? 'all' : 'open';
  const canManage = args.context.session?.role === 'admin';
  const [overview, preview, holds, receipts, requests] = await load(args, (api) =>
    Promise.all([
      api.retention.overview(),
      previewOr(api, args),
      api.retention.listHolds({ state, limit: HOLDS }),
      api.retention.receipts({ limit: RECEIPTS, ...(cursor ? { cursor } : {}) }),
      // Who asked for their data is for admins to know.
      canManage ? api.dsar.list({ state: asked, limit: REQUESTS }) : null,
    ]),
  );
  return {
    ...{ overview, preview, holds, receipts, state, requests, asked, canManage },
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = retentionAction;

export default function Retention() {
  const { overview, preview, holds, receipts, state, requests, asked, canManage, loadedAtMs } =
    useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Retention"
        detail="How long data is kept, what is held, and what was deleted. Age counts from the time of recording."
        actions={<Live loadedAtMs={loadedAtMs} />}
      />
      <Warnings overview={overview} />
      <div className="mb-4 grid items-start gap-4 2xl:grid-cols-2">
        <PoliciesCard overview={overview} canManage={canManage} />
        {preview === null ? <PreviewTooSlow /> : <PreviewCard preview={preview} />}
      </div>
      <div className="grid gap-4">
        {requests !== null && (
          <RequestsCard requests={requests} isAll={asked === 'all'} dueDays={overview.requestDueDays} />
        )}
        <HoldsCard holds={holds} isAll={state === 'all'} canManage={canManage} />
        <ReceiptsCard receipts={receipts} />
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
