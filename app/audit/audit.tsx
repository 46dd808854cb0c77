import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import type { AuditLog } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { cn } from '../ui/cn.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { auditFilter, isNarrowed, logQuery } from './audit-filter.ts';
import { AuditList } from './audit-list.tsx';
import { ChainLine } from './chain-state.tsx';
import { FilterForm } from './filter-form.tsx';

export const meta: MetaFunction = () => [{ title: 'Audit · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const filter = auditFilter(args.request.url);
  const [page, chain] = await load(args, (api) =>
    Promise.all([api.audit.list(filter), api.audit.chain({ log: filter.log })]),
  );
  return {
    ...{ page, chain, log: filter.log, isNarrowed: isNarrowed(filter), loadedAtMs: args.context.now.getTime() },
    isOperator: args.context.session?.user.isInstanceOperator === true,
  };
}

export default function Audit() {
  const { page, chain, log, isNarrowed: narrowed, loadedAtMs, isOperator } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Audit"
        detail="Who changed what, and who was refused. Nobody can change or remove an entry."
        actions={<Live loadedAtMs={loadedAtMs} topics={['audit']} />}
      />
      {(isOperator || log === 'instance') && <Logs log={log} />}
      <ChainLine chain={chain} log={log} />
      <FilterForm isNarrowed={narrowed} log={log} />
      <AuditList {...page} isNarrowed={narrowed} log={log} />
    </>
  );
}

/** Instance operators have a second log: what belongs to no tenant, such as sign-ins of strangers. */
function Logs({ log }: { log: AuditLog }) {
  const logs = [
    { of: 'tenant', label: 'This tenant' },
    { of: 'instance', label: 'The installation' },
  ] as const;
  return (
    <nav aria-label="Log" className="no-print mb-3 inline-flex rounded-md border border-line-strong bg-surface p-0.5">
      {logs.map(({ of, label }) => (
        <Link
          key={of}
          to={`/ops/audit${logQuery(of)}`}
          aria-current={of === log ? 'page' : undefined}
          className={cn(
            'rounded px-2 py-0.5 text-xs leading-5',
            of === log ? 'bg-idle-soft font-medium text-ink' : 'text-muted hover:text-ink',
          )}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
