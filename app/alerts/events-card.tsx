import { BellOff } from 'lucide-react';
import type { AlertEvent, Page } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { Told } from './told.tsx';
import { conditionWords, eventLook, numberWords } from './words.ts';

/** What the rules said, newest first. */
export function EventsCard({ events: { items, nextCursor } }: { events: Page<AlertEvent> }) {
  return (
    <Card title="History" flush>
      {items.length === 0 ? (
        <EmptyState icon={BellOff} title="No rule has fired">
          Each time a rule begins to fire, or is resolved, shows here with who was told.
        </EmptyState>
      ) : (
        <Table label="Alert history">
          <Head>
            <Column>When</Column>
            <Column>Rule</Column>
            <Column>What</Column>
            <Column align="right" className="max-sm:hidden">
              Value
            </Column>
            <Column>Told</Column>
          </Head>
          <tbody>
            {items.map((event) => (
              <Row key={event.id}>
                <Cell className="whitespace-nowrap text-xs">
                  <Time at={event.at} />
                </Cell>
                <Cell>
                  <p className="max-w-72 break-words">{event.ruleName}</p>
                  <p className="text-faint text-xs">{conditionWords(event)}</p>
                </Cell>
                <Cell>
                  <Pill {...eventLook[event.kind]} />
                </Cell>
                <Cell align="right" className="tabular text-xs max-sm:hidden">
                  {numberWords(event.value)}
                </Cell>
                <Cell className="max-w-80 text-xs">
                  {event.silencedBy === 'cooldown' ? (
                    <span className="text-faint">nobody: within the cool-down</span>
                  ) : (
                    <Told deliveries={event.deliveries} />
                  )}
                </Cell>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
      <Pagination nextCursor={nextCursor} shown={items.length} what="events" />
    </Card>
  );
}
