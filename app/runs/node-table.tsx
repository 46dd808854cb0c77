import { ListTree } from 'lucide-react';
import { Fragment } from 'react';
import type { RunNode } from '#server/web/index.ts';
import { count, counted, duration } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { cn } from '../ui/cn.ts';
import { CodeBlock } from '../ui/copy.tsx';
import { ShareBar } from '../ui/progress.tsx';
import { EmptyState } from '../ui/states.tsx';
import { NodePill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash } from '../ui/time.tsx';
import { Rejected } from './run-list.tsx';

interface NodeTableProps {
  nodes: RunNode[];
  selected: string | null;
  onSelect: (id: string) => void;
}

/** Rows and time of each step; a step opens to its SQL and warnings. */
export function NodeTable({ nodes, selected, onSelect }: NodeTableProps) {
  const totalMs = nodes.reduce((sum, node) => sum + (node.durationMs ?? 0), 0);
  if (nodes.length === 0) {
    return (
      <Card>
        <EmptyState icon={ListTree} title="No step has begun">
          Steps show here with their rows and times as soon as a runner takes the run.
        </EmptyState>
      </Card>
    );
  }
  return (
    <Card title="Rows and time" aside={<span className="tabular">{duration(totalMs)} in all</span>} flush>
      <Table label="Steps">
        <Head>
          <Column>Step</Column>
          <Column>Status</Column>
          <Column align="right" className="max-sm:hidden">
            Rows in
          </Column>
          <Column align="right">Rows out</Column>
          <Column align="right">Rejected</Column>
          <Column align="right">Took</Column>
          <Column className="w-40 max-sm:hidden">Share of time</Column>
        </Head>
        <tbody>
          {nodes.map((node) => {
            const isOpen = selected === node.nodeId;
            return (
              <Fragment key={node.nodeId}>
                <Row className={cn(isOpen && 'bg-hover')}>
                  <Cell>
                    <button
                      type="button"
                      aria-expanded={isOpen}
                      onClick={() => onSelect(node.nodeId)}
                      className="rounded text-left hover:underline"
                    >
                      <span className="font-medium">{node.name || node.nodeId}</span>
                      <span className="ml-2 text-faint text-xs max-sm:hidden">{node.kind}</span>
                    </button>
                  </Cell>
                  <Cell>
                    <NodePill status={node.status} />
                  </Cell>
                  <Cell align="right" className="max-sm:hidden">
                    {count(node.rowsIn)}
                  </Cell>
                  <Cell align="right">{count(node.rowsOut)}</Cell>
                  <Cell align="right">
                    <Rejected rows={node.rowsRejected} />
                  </Cell>
                  <Cell align="right" className="whitespace-nowrap">
                    {node.durationMs === null ? <Dash why="Not finished" /> : duration(node.durationMs)}
                  </Cell>
                  <Cell className="max-sm:hidden">
                    <ShareBar share={totalMs === 0 ? 0 : (node.durationMs ?? 0) / totalMs} />
                  </Cell>
                </Row>
                {isOpen && (
                  <tr>
                    <Cell colSpan={7} className="bg-page">
                      <NodeDetail node={node} />
                    </Cell>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </Table>
    </Card>
  );
}

function NodeDetail({ node }: { node: RunNode }) {
  const warnings = node.warnings ?? [];
  return (
    <div className="contain-inline-size space-y-2 py-1">
      {warnings.map(({ rule, message, rowCount }) => (
        <p key={rule} className="text-warn">
          {message}{' '}
          <span className="tabular text-xs">
            ({rule}, {counted(rowCount, 'row')})
          </span>
        </p>
      ))}
      {node.sql === '' ? (
        <p className="text-muted">This step ran no SQL of its own.</p>
      ) : (
        <CodeBlock code={node.sql.trim()} what={`SQL of ${node.nodeId}`} />
      )}
    </div>
  );
}
