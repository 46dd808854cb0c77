import { Link, useSearchParams } from '@remix-run/react';
import { ScrollText } from 'lucide-react';
import type { ReactNode } from 'react';
import type { AuditLog, AuditLogItem } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { logQuery } from './audit-filter.ts';
import { noteOf, outcomeLook } from './look.ts';

interface AuditListProps {
  items: AuditLogItem[];
  nextCursor: string | null;
  isNarrowed: boolean;
  log: AuditLog;
}

export function AuditList({ items, nextCursor, isNarrowed, log }: AuditListProps) {
  if (items.length === 0)
    return (
      <Card>
        <EmptyState icon={ScrollText} title={isNarrowed ? 'No entry fits this filter' : 'Nothing has been done yet'}>
          {isNarrowed
            ? 'Actor and target are compared as a whole; an action may end with a dot.'
            : 'Every change to pipelines, people, keys and settings shows here, and everything that was refused.'}
        </EmptyState>
      </Card>
    );
  return (
    <Card flush>
      <AuditTable items={items} log={log} />
      <AuditCards items={items} log={log} />
      <Pagination nextCursor={nextCursor} shown={items.length} what="entries" />
    </Card>
  );
}

type PartProps = Pick<AuditListProps, 'items' | 'log'>;
const entryPath = (id: string, log: AuditLog) => `/ops/audit/${id}${logQuery(log)}`;

/** Narrows the list to this value, keeping what else narrows it. */
function Narrow({ name, value, children }: { name: string; value: string; children: ReactNode }) {
  const [params] = useSearchParams();
  const next = new URLSearchParams(params);
  next.set(name, value);
  next.delete('cursor');
  return (
    <Link to={`?${next}`} title={`Only this ${name}: ${value}`} className="block truncate hover:underline">
      {children}
    </Link>
  );
}

function AuditTable({ items, log }: PartProps) {
  return (
    <Table label="Audit log" className="max-md:hidden" fixed="min-w-[56rem]">
      <Head>
        <Column className="w-28">When</Column>
        <Column>Actor</Column>
        <Column className="w-48">Action</Column>
        <Column>Target</Column>
        <Column className="w-24">Outcome</Column>
        <Column>Note</Column>
        <Column align="right" className="w-20">
          Seal
        </Column>
      </Head>
      <tbody>
        {items.map((item) => (
          <Row key={item.id}>
            <Cell>
              <Link to={entryPath(item.id, log)} aria-label={`Open this ${item.action} entry`} className="rounded">
                <Time at={item.at} />
              </Link>
            </Cell>
            <Cell>
              <Narrow name="actor" value={item.actor}>
                {item.actor}
              </Narrow>
            </Cell>
            <Cell>
              <Link to={entryPath(item.id, log)} className="block truncate font-medium hover:underline">
                {item.action}
              </Link>
            </Cell>
            <Cell>{item.target === '' ? <Dash /> : <Target item={item} />}</Cell>
            <Cell>
              <Pill {...outcomeLook[item.outcome]} />
            </Cell>
            <Cell className="truncate text-muted text-xs">{noteOf(item) || <Dash />}</Cell>
            <Cell align="right" className="tabular text-faint text-xs">
              {item.seq ?? 'waiting'}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

const Target = ({ item }: { item: AuditLogItem }) => (
  <Narrow name="target" value={item.target}>
    <span className="text-faint">{item.targetKind} </span>
    <code className="font-mono text-xs">{item.target}</code>
  </Narrow>
);

function AuditCards({ items, log }: PartProps) {
  return (
    <ul className="divide-y divide-line md:hidden">
      {items.map((item) => (
        <li key={item.id} className="space-y-1 p-4">
          <div className="flex items-center justify-between gap-3">
            <Link to={entryPath(item.id, log)} className="min-w-0 truncate font-medium">
              {item.action}
            </Link>
            <Pill {...outcomeLook[item.outcome]} />
          </div>
          <div className="min-w-0 text-muted text-xs">
            <Narrow name="actor" value={item.actor}>
              {item.actor}
            </Narrow>
            {item.target !== '' && <Target item={item} />}
          </div>
          <div className="flex justify-between gap-3 text-faint text-xs">
            <Time at={item.at} />
            <span>{noteOf(item)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}
