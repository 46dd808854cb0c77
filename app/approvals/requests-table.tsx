import { Link } from '@remix-run/react';
import type { ChangeRequest } from '#server/web/index.ts';
import { Actor } from '../ui/actor.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { requestLook, subjectOf, versionsOf } from './words.ts';

export function RequestsTable({ label, items }: { label: string; items: ChangeRequest[] }) {
  return (
    <Table label={label}>
      <Head>
        <Column>Change</Column>
        <Column>State</Column>
        <Column className="max-sm:hidden">Asked by</Column>
        <Column className="max-md:hidden">Asked</Column>
        <Column className="max-sm:hidden">Time is over</Column>
      </Head>
      <tbody>
        {items.map((item) => (
          <RequestRow key={item.id} item={item} />
        ))}
      </tbody>
    </Table>
  );
}

function RequestRow({ item }: { item: ChangeRequest }) {
  const { means: _, ...look } = requestLook[item.state];
  return (
    <Row>
      <Cell className="min-w-40">
        <Link to={`/ops/approvals/${item.id}`} className="break-words font-medium hover:underline">
          {subjectOf(item)}
        </Link>
        <span className="tabular block text-faint text-xs">{versionsOf(item)}</span>
      </Cell>
      <Cell>
        <Pill {...look} />
        {item.stageName !== null && (
          <span className="mt-0.5 block text-faint text-xs">
            {item.stageName}, stage {(item.stage ?? 0) + 1} of {item.stages}
          </span>
        )}
      </Cell>
      <Cell className="max-w-56 truncate max-sm:hidden">
        <Actor name={item.requestedBy} />
      </Cell>
      <Cell className="max-md:hidden">
        <Time at={item.requestedAt} />
      </Cell>
      <Cell className="max-sm:hidden">
        {item.state === 'open' ? <Time at={item.expiresAt} /> : <Dash why="It has its end already" />}
      </Cell>
    </Row>
  );
}
