import { Ban, Check, LoaderCircle, Unplug, X } from 'lucide-react';
import type { AttemptStatus, RunAttempt } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { type Look, Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Duration, Time } from '../ui/time.tsx';

const attemptLook: Record<AttemptStatus, Look> = {
  running: { label: 'Running', tone: 'busy', icon: LoaderCircle },
  succeeded: { label: 'Succeeded', tone: 'ok', icon: Check },
  failed: { label: 'Failed', tone: 'bad', icon: X },
  cancelled: { label: 'Cancelled', tone: 'idle', icon: Ban },
  lost: { label: 'Runner lost', tone: 'warn', icon: Unplug },
};

/** Every try of a run that needed more than one. */
export function Attempts({ attempts }: { attempts: RunAttempt[] }) {
  return (
    <Card title="Attempts" flush>
      <Table label="Attempts">
        <Head>
          <Column>Attempt</Column>
          <Column>Outcome</Column>
          <Column>Started</Column>
          <Column align="right">Took</Column>
          <Column>Why</Column>
        </Head>
        <tbody>
          {attempts.map((attempt) => (
            <Row key={attempt.attempt}>
              <Cell>{attempt.attempt}</Cell>
              <Cell>
                <Pill {...attemptLook[attempt.status]} />
              </Cell>
              <Cell>
                <Time at={attempt.startedAt} show="exact" />
              </Cell>
              <Cell align="right">
                <Duration from={attempt.startedAt} to={attempt.finishedAt} />
              </Cell>
              <Cell className="min-w-48 text-muted">{attempt.error?.message ?? <Dash />}</Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </Card>
  );
}
