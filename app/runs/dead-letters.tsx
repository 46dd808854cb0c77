import { ChevronRight, Inbox } from 'lucide-react';
import { Fragment, useState } from 'react';
import type { DlqEntry } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { Card, Facts } from '../ui/card.tsx';
import { cn } from '../ui/cn.ts';
import { CopyableId } from '../ui/copy.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';

/** A row's key in one line, however it is made up. */
export function keyText(key: unknown): string | null {
  if (key === null || key === undefined) return null;
  if (typeof key !== 'object') return String(key);
  if ('path' in key && 'line' in key) return `${key.path}#${key.line}`;
  return Object.entries(key)
    .map(([name, value]) =>
      Array.isArray(key)
        ? String(value)
        : `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    .join(', ');
}

interface DeadLettersProps {
  items: DlqEntry[];
  nextCursor: string | null;
  /** Rows that the run rejected, where it has ended. */
  total: number | null;
}

/** The rows that a run set aside: why, which, and what was in them. */
export function DeadLetters({ items, nextCursor, total }: DeadLettersProps) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Card
      title="Dead letters"
      aside={<span className="tabular">{total === null || total === 0 ? 'none' : `${count(total)} set aside`}</span>}
      flush
    >
      {items.length === 0 ? (
        <EmptyState icon={Inbox} title="No row was set aside">
          Rows that break a rule, cannot be cast or cannot be read end here with their reason.
        </EmptyState>
      ) : (
        <>
          <Table label="Dead letters">
            <Head>
              <Column>
                <span className="sr-only">Open</span>
              </Column>
              <Column className="max-sm:hidden">Rule</Column>
              <Column>Message</Column>
              <Column className="max-md:hidden">Row key</Column>
              <Column className="max-md:hidden">Step</Column>
              <Column className="max-md:hidden">Replay</Column>
            </Head>
            <tbody>
              {items.map((entry) => (
                <Fragment key={entry.id}>
                  <Letter
                    entry={entry}
                    isOpen={open === entry.id}
                    onToggle={() => setOpen(open === entry.id ? null : entry.id)}
                  />
                </Fragment>
              ))}
            </tbody>
          </Table>
          <Pagination nextCursor={nextCursor} shown={items.length} what="dead letters" />
        </>
      )}
    </Card>
  );
}

function Letter({ entry, isOpen, onToggle }: { entry: DlqEntry; isOpen: boolean; onToggle: () => void }) {
  const key = keyText(entry.rowKey);
  return (
    <>
      <Row className={cn(isOpen && 'bg-hover')}>
        <Cell className="w-8 pr-0">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-label={`Row ${key ?? entry.id}: ${isOpen ? 'hide' : 'show'} what was in it`}
            onClick={onToggle}
            className="grid size-6 place-items-center rounded text-faint hover:bg-idle-soft hover:text-ink"
          >
            <ChevronRight aria-hidden className={cn('size-4 transition-transform', isOpen && 'rotate-90')} />
          </button>
        </Cell>
        <Cell className="break-words font-medium max-sm:hidden">{entry.rule}</Cell>
        <Cell className="max-w-xl break-words">
          <span className="block font-medium sm:hidden">{entry.rule}</span>
          {entry.message}
        </Cell>
        <Cell className="max-w-60 max-md:hidden">
          {key === null ? (
            <Dash why="No key" />
          ) : (
            <code className="block truncate font-mono text-xs" title={key}>
              {key.slice(key.lastIndexOf('/') + 1)}
            </code>
          )}
        </Cell>
        <Cell className="whitespace-nowrap text-muted max-md:hidden">{entry.nodeId}</Cell>
        <Cell className="whitespace-nowrap text-muted max-md:hidden">
          {entry.isReplayable ? 'possible' : 'not possible'}
        </Cell>
      </Row>
      {isOpen && (
        <tr>
          <Cell colSpan={6} className="bg-page">
            <div className="contain-inline-size space-y-3 py-2 sm:pl-6">
              <Facts
                facts={[
                  { term: 'Row key', value: key ?? <Dash why="No key" /> },
                  { term: 'Step', value: entry.nodeId },
                  { term: 'Replay', value: entry.isReplayable ? 'possible' : 'not possible' },
                  { term: 'Kind', value: entry.errorKind.replaceAll('_', ' ') },
                  { term: 'First seen', value: <Time at={entry.firstSeenAt} show="exact" /> },
                  { term: 'Entry', value: <CopyableId id={entry.id} what="entry id" /> },
                ]}
              />
              <JsonView value={entry.payload} what="payload" openDepth={3} />
              {entry.isPayloadTruncated && (
                <p className="text-warn text-xs">The payload was longer and is cut off here.</p>
              )}
            </div>
          </Cell>
        </tr>
      )}
    </>
  );
}
