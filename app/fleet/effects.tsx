import { Card } from '../ui/card.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash } from '../ui/time.tsx';

const EFFECTS: [what: string, stopped: string, afterwards: string | null][] = [
  [
    'Schedules',
    'fire nothing; the ledger has each instant as “Skipped: paused” with the reason',
    'fire from their next due time on',
  ],
  ['Waiting runs and retries', 'wait', 'start, oldest first'],
  ['Running runs', 'go on to their end, or are told to end, as chosen', 'a run that was ended is not begun again'],
  ['Runs by hand', 'are refused with the reason', 'are taken'],
  ['Events in the outbox', 'are sent on, or held, as chosen', 'held ones are sent, in order'],
  ['Pages, API, cleanup, audit', 'go on as ever', null],
];

/** What a stop means, for whoever has to decide in a hurry. */
export function Effects() {
  return (
    <Card title="What a stop does" flush>
      <Table label="What a stop does">
        <Head>
          <Column>What</Column>
          <Column>While stopped</Column>
          <Column className="max-sm:hidden">Afterwards</Column>
        </Head>
        <tbody>
          {EFFECTS.map(([what, stopped, afterwards]) => (
            <Row key={what}>
              <Cell className="font-medium">{what}</Cell>
              <Cell className="text-muted">
                {stopped}
                {afterwards !== null && <span className="sm:hidden">; afterwards {afterwards}</span>}
              </Cell>
              <Cell className="text-muted max-sm:hidden">{afterwards ?? <Dash why="the same" />}</Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </Card>
  );
}
