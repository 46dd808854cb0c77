import { Eraser, Hourglass, Lock } from 'lucide-react';
import { lazy } from 'react';
import type { RetentionPreview } from '#server/web/index.ts';
import { count, counted } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { InBrowser } from '../ui/in-browser.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { classLook } from './words.ts';

const PreviewChart = lazy(() => import('./preview-chart.tsx'));

/** In its place where there is too much to count while somebody waits. */
export function PreviewTooSlow() {
  return (
    <Card title="Next purge" aside="not counted">
      <EmptyState icon={Hourglass} title="Counting took too long">
        There may be more rows to go than can be counted while you wait. An operator can have the job{' '}
        <code>dsarPurge</code> count them with more time (“Only count what would be deleted” on the page of cron jobs).
        Policies and holds set here apply at once all the same.
      </EmptyState>
    </Card>
  );
}

/** What the next purge would delete if it began now. */
export function PreviewCard({ preview }: { preview: RetentionPreview }) {
  const total = preview.classes.reduce((sum, { rows }) => sum + rows, 0);
  return (
    <Card
      title="Next purge"
      aside={<span className="tabular">{total === 0 ? 'nothing' : counted(total, 'row')}</span>}
      flush
    >
      {total === 0 ? (
        <EmptyState icon={Eraser} title="Nothing is old enough to go">
          {preview.retentionDays === 0
            ? 'No policy deletes anything. Set the days of a class, and what it would delete shows here.'
            : 'When a row is, it shows here by its class and day before it is deleted.'}
        </EmptyState>
      ) : (
        <div className="min-h-44 px-4 pt-3">
          <InBrowser>
            <PreviewChart classes={preview.classes} />
          </InBrowser>
        </div>
      )}
      <Table label="What the next purge deletes">
        <Head>
          <Column>Data class</Column>
          <Column align="right">Would go</Column>
          <Column align="right">Held back</Column>
          <Column className="max-sm:hidden">Recorded before</Column>
          <Column className="max-sm:hidden">Oldest row</Column>
        </Head>
        <tbody>
          {preview.classes.map((one) => (
            <Row key={one.dataClass}>
              <Cell className="whitespace-nowrap">
                <span
                  aria-hidden
                  className="mr-2 inline-block size-2 rounded-full"
                  style={{ background: classLook[one.dataClass].colour }}
                />
                {classLook[one.dataClass].label}
              </Cell>
              <Cell align="right" className="tabular font-medium">
                {count(one.rows)}
              </Cell>
              <Cell align="right" className="tabular">
                {one.isHeld ? <Pill label="All held" tone="held" icon={Lock} /> : count(one.heldRows)}
              </Cell>
              <Cell className="max-sm:hidden">
                {one.cutoffAt === null ? (
                  <Dash why="Nothing of it is deleted" />
                ) : (
                  <Time at={one.cutoffAt} show="clock" />
                )}
              </Cell>
              <Cell className="max-sm:hidden">
                {one.oldestAt === null ? <Dash why="There are no rows" /> : <Time at={one.oldestAt} />}
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </Card>
  );
}
