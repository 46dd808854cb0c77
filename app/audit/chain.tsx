import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { load } from '../api.server.ts';
import { count } from '../time/format.ts';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { logOf, logQuery } from './audit-filter.ts';

export const meta: MetaFunction = () => [{ title: 'Chain of the audit log · Mainspring' }];

/** Walks the chain each time the page is asked for: it changes nothing, so a link is enough. */
export async function loader(args: LoaderFunctionArgs) {
  const log = logOf(args.request.url);
  const verdict = await load(args, (api) => api.audit.verify({ log }));
  return { verdict, log, at: args.context.now.toISOString() };
}

export default function Chain() {
  const { verdict, log, at } = useLoaderData<typeof loader>();
  const { isWhole, checked, unsealed, comparedOutside, head, firstBad } = verdict;
  return (
    <>
      <PageHeader
        crumbs={[{ to: `/ops/audit${logQuery(log)}`, label: 'Audit' }]}
        title="Chain of the audit log"
        mark={
          isWhole ? (
            <Pill label="Whole" tone="ok" icon={ShieldCheck} />
          ) : (
            <Pill label="Not whole" tone="bad" icon={ShieldAlert} />
          )
        }
        detail={
          <>
            Verified <Time at={at} show="exact" />
          </>
        }
        actions={
          <Button asChild>
            <Link to={`/ops/audit/chain${logQuery(log)}`} reloadDocument>
              Verify again
            </Link>
          </Button>
        }
      />
      {firstBad !== null && (
        <div role="alert" className="mb-4 rounded-lg border border-bad-solid bg-bad-soft p-4 text-bad">
          <p className="font-semibold">The chain is not whole from entry {count(firstBad.seq)} on.</p>
          <p className="mt-1">{firstBad.says}</p>
          {firstBad.auditId !== null && (
            <p className="mt-1">
              <Link to={`/ops/audit/${firstBad.auditId}${logQuery(log)}`} className="underline">
                Open what stands there now
              </Link>
            </p>
          )}
        </div>
      )}
      <Card title="What was walked">
        <Facts
          facts={[
            { term: 'Entries checked', value: count(checked) },
            { term: 'Waiting for their seal', value: count(unsealed) },
            {
              term: 'Compared outside',
              value: `${count(comparedOutside)} ${comparedOutside === 1 ? 'place' : 'places'}`,
            },
            { term: 'Last sealed entry', value: head === null ? <Dash why="Nothing is sealed" /> : count(head.seq) },
            { term: 'Sealed', value: head === null ? <Dash /> : <Time at={head.sealedAt} show="exact" /> },
            { term: 'Its hash', value: head === null ? <Dash /> : <CopyableId id={head.hash} what="hash" /> },
          ]}
        />
      </Card>
      <p className="mt-3 max-w-prose text-muted text-xs">
        Each entry's hash covers the entry and the hash before it. The server also keeps the last hashes in a file
        outside the database; from a shell, <code className="font-mono">mainspring audit verify</code> checks without
        asking this server.
      </p>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
