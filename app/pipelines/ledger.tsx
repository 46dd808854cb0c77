import type { LoaderFunctionArgs } from '@remix-run/node';
import { Link, useLoaderData } from '@remix-run/react';
import { BookOpenCheck } from 'lucide-react';
import type { Occurrence } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { count } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { VerdictPill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';

const PAGE_SIZE = 50;

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const cursor = new URL(args.request.url).searchParams.get('cursor');
  return load(args, (api) => api.pipelines.occurrences({ id, limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) }));
}

/** Every due instant and what became of it, newest first. */
export default function Ledger() {
  const { items, nextCursor } = useLoaderData<typeof loader>();
  return (
    <Card flush>
      {items.length === 0 ? (
        <EmptyState icon={BookOpenCheck} title="Nothing has come due yet">
          Each due instant of the schedule ends here with one verdict: fired, late, or skipped and why.
        </EmptyState>
      ) : (
        <>
          <Table label="Occurrences">
            <Head>
              <Column>Due</Column>
              <Column>Verdict</Column>
              <Column align="right">Instants</Column>
              <Column>Reason</Column>
              <Column>Run</Column>
            </Head>
            <tbody>
              {items.map((entry) => (
                <Row key={entry.dueAt}>
                  <Cell>
                    <Due entry={entry} />
                  </Cell>
                  <Cell>
                    <VerdictPill verdict={entry.verdict} />
                  </Cell>
                  <Cell align="right">{count(entry.count)}</Cell>
                  <Cell className="min-w-40 text-muted">{entry.reason || <Dash />}</Cell>
                  <Cell>
                    {entry.runId === null ? (
                      <Dash why="No run" />
                    ) : (
                      <Link to={`/data/runs/${entry.runId}`} className="whitespace-nowrap text-accent hover:underline">
                        Open run
                      </Link>
                    )}
                  </Cell>
                </Row>
              ))}
            </tbody>
          </Table>
          <Pagination nextCursor={nextCursor} shown={items.length} what="entries" />
        </>
      )}
    </Card>
  );
}

/** An instant, or the stretch from the first to the last of several that shared a verdict. */
function Due({ entry }: { entry: Occurrence }) {
  if (entry.until === null || entry.until === entry.dueAt) return <Time at={entry.dueAt} show="exact" />;
  return (
    <span className="flex flex-wrap gap-x-1">
      <Time at={entry.dueAt} show="exact" />
      <span className="whitespace-nowrap text-muted">
        to <Time at={entry.until} show="exact" />
      </span>
    </span>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
