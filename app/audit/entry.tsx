import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import type { AuditLogEntry } from '#server/web/index.ts';
import { load, notFound } from '../api.server.ts';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { logOf, logQuery } from './audit-filter.ts';
import { diffOf } from './diff.ts';
import { DiffView } from './diff-view.tsx';
import { noteOf, outcomeLook } from './look.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data ? data.entry.action : 'Audit entry'} · Mainspring` },
];

const ENTRY_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  if (!ENTRY_ID.test(id)) throw notFound('AUDIT_ENTRY_NOT_FOUND', `this log has no entry "${id.slice(0, 100)}"`);
  const log = logOf(args.request.url);
  return { entry: await load(args, (api) => api.audit.get({ id, log })), log };
}

export default function AuditEntry() {
  const { entry, log } = useLoaderData<typeof loader>();
  const changes = diffOf(entry.before ?? null, entry.after ?? null);
  return (
    <>
      <PageHeader
        crumbs={[{ to: `/ops/audit${logQuery(log)}`, label: 'Audit' }]}
        title={entry.action}
        mark={<Pill {...outcomeLook[entry.outcome]} />}
        detail={
          <>
            <Time at={entry.at} show="exact" /> by {entry.actor}
          </>
        }
      />
      <Card title="Entry" className="mb-4">
        <Facts facts={factsOf(entry)} className="grid-cols-[repeat(auto-fill,minmax(12rem,1fr))]" />
      </Card>
      {entry.outcome === 'done' && (
        <Card title="What changed" flush className="mb-4">
          {changes.length > 0 ? (
            <DiffView changes={changes} />
          ) : (
            <p className="px-4 py-3 text-muted">{whyNoDiff(entry)}</p>
          )}
        </Card>
      )}
      {Object.keys(entry.details).length > 0 && (
        <Card title="Details">
          <JsonView value={entry.details} what="details" />
        </Card>
      )}
    </>
  );
}

function whyNoDiff({ hasDiff, beforeDigest, afterDigest }: AuditLogEntry): string {
  if (hasDiff) return beforeDigest === afterDigest ? 'It is the same before and after.' : 'Only secrets changed.';
  return beforeDigest === null && afterDigest === null
    ? 'Nothing is kept of before and after for this action.'
    : 'It is too large to be kept here; its digests are above.';
}

const digest = (value: string | null) => (value === null ? <Dash /> : <CopyableId id={value} what="digest" />);

const factsOf = (entry: AuditLogEntry) => [
  {
    term: 'Actor',
    value: (
      <Link to={`/ops/audit?actor=${encodeURIComponent(entry.actor)}`} className="break-all hover:underline">
        {entry.actor}
      </Link>
    ),
  },
  { term: 'Kind of actor', value: entry.actorKind.replace('_', ' ') },
  {
    term: entry.targetKind === '' ? 'Target' : `Target (${entry.targetKind})`,
    value: entry.target === '' ? <Dash /> : <CopyableId id={entry.target} what="target" whole />,
  },
  ...(entry.outcome === 'refused' ? [{ term: 'Refused with', value: noteOf(entry) }] : []),
  { term: 'Digest before', value: digest(entry.beforeDigest) },
  { term: 'Digest after', value: digest(entry.afterDigest) },
  { term: 'Place in the chain', value: entry.seq ?? <Dash why="Waits for its seal" /> },
  { term: 'Hash', value: digest(entry.hash) },
  { term: 'Request', value: entry.requestId === '' ? <Dash /> : <CopyableId id={entry.requestId} what="request id" /> },
  { term: 'Entry', value: <CopyableId id={entry.id} what="entry id" /> },
];

export const ErrorBoundary = RouteErrorBoundary;
