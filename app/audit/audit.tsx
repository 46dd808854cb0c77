import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { auditFilter, isNarrowed } from './audit-filter.ts';
import { AuditList } from './audit-list.tsx';
import { ChainLine } from './chain-state.tsx';
import { FilterForm } from './filter-form.tsx';

export const meta: MetaFunction = () => [{ title: 'Audit · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const filter = auditFilter(args.request.url);
  const [page, chain] = await load(args, (api) => Promise.all([api.audit.list(filter), api.audit.chain({})]));
  return { page, chain, isNarrowed: isNarrowed(filter), loadedAtMs: args.context.now.getTime() };
}

export default function Audit() {
  const { page, chain, isNarrowed: narrowed, loadedAtMs } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Audit"
        detail="Who changed what, and who was refused. Nobody can change or remove an entry."
        actions={<Live loadedAtMs={loadedAtMs} topics={['audit']} />}
      />
      <ChainLine chain={chain} />
      <FilterForm isNarrowed={narrowed} />
      <AuditList {...page} isNarrowed={narrowed} />
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
