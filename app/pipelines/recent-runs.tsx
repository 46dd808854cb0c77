import { Link } from '@remix-run/react';
import type { RunListItem } from '#server/web/index.ts';
import { Rejected } from '../runs/run-list.tsx';
import { count } from '../time/format.ts';
import { RunPill, runLook } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Duration, Time } from '../ui/time.tsx';

/** The newest runs in a few columns, for a card beside others. */
export function RecentRuns({ runs }: { runs: RunListItem[] }) {
  if (runs.length === 0) return null;
  return (
    <div className="border-line border-t">
      <Table label="Newest runs">
        <Head>
          <Column>Status</Column>
          <Column>Started</Column>
          <Column align="right">Took</Column>
          <Column align="right" className="max-sm:hidden">
            Rows out
          </Column>
          <Column align="right">Rejected</Column>
        </Head>
        <tbody>
          {runs.map((run) => (
            <Row key={run.id}>
              <Cell>
                <Link
                  to={`/data/runs/${run.id}`}
                  prefetch="intent"
                  aria-label={`${runLook[run.status].label}: open this run`}
                  className="rounded"
                >
                  <RunPill status={run.status} />
                </Link>
              </Cell>
              <Cell>
                <Time at={run.startedAt ?? run.queuedAt} />
              </Cell>
              <Cell align="right">
                <Duration from={run.startedAt} to={run.finishedAt} />
              </Cell>
              <Cell align="right" className="max-sm:hidden">
                {run.rowsOut === null ? <Dash why="Not known yet" /> : count(run.rowsOut)}
              </Cell>
              <Cell align="right">
                <Rejected rows={run.rowsRejected} />
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
