import { FileSpreadsheet, FileText, Newspaper } from 'lucide-react';
import type { Page, ReportItem } from '#server/web/index.ts';
import { Told } from '../alerts/told.tsx';
import { Actor } from '../ui/actor.tsx';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { figureWords, periodWords } from './words.ts';

/** The reports that were made, newest first. */
export function MadeCard({ reports: { items, nextCursor } }: { reports: Page<ReportItem> }) {
  return (
    <Card title="Made" flush>
      {items.length === 0 ? (
        <EmptyState icon={Newspaper} title="No report was made yet">
          Each one shows here with its figures, as a page and as a spreadsheet, and with who was sent it. The newest 100
          of a schedule are kept.
        </EmptyState>
      ) : (
        <Table label="Reports">
          <Head>
            <Column>When</Column>
            <Column>Report</Column>
            <Column className="max-sm:hidden">Figures</Column>
            <Column className="max-sm:hidden">Sent</Column>
            <Column align="right">
              <span className="sr-only">Files</span>
            </Column>
          </Head>
          <tbody>
            {items.map((report) => (
              <MadeRow key={report.id} report={report} />
            ))}
          </tbody>
        </Table>
      )}
      <Pagination nextCursor={nextCursor} shown={items.length} what="reports" />
    </Card>
  );
}

function MadeRow({ report }: { report: ReportItem }) {
  return (
    <Row>
      <Cell className="text-xs">
        <Time at={report.madeAt} />
        <p className="max-w-40 break-words text-faint max-sm:max-w-24">
          {report.dueAt === null ? (
            <>
              by <Actor name={report.madeBy} />
            </>
          ) : (
            'on schedule'
          )}
        </p>
      </Cell>
      <Cell>
        <p className="max-w-80 break-words font-medium">{report.title}</p>
        <p className="text-faint text-xs">{periodWords(report)}</p>
        <div className="mt-1 sm:hidden">
          <Figures report={report} />
        </div>
      </Cell>
      <Cell className="max-sm:hidden">
        <Figures report={report} />
      </Cell>
      <Cell className="max-w-60 text-xs max-sm:hidden">
        <Told deliveries={report.deliveries} />
      </Cell>
      <Cell align="right">
        <div className="flex justify-end gap-1.5 max-sm:flex-col max-sm:items-end">
          <Button asChild size="sm">
            <a href={`/ops/reports/${report.id}/html`} download aria-label={`${report.title} as a page`}>
              <FileText aria-hidden /> HTML
            </a>
          </Button>
          <Button asChild size="sm">
            <a href={`/ops/reports/${report.id}/csv`} download aria-label={`${report.title} as a spreadsheet`}>
              <FileSpreadsheet aria-hidden /> CSV
            </a>
          </Button>
        </div>
      </Cell>
    </Row>
  );
}

function Figures({ report }: { report: ReportItem }) {
  return (
    <dl className="flex max-w-96 flex-wrap gap-x-4 gap-y-0.5 text-xs">
      {report.figures.map((figure) => (
        <div key={figure.label} className="flex gap-1">
          <dt className="text-muted">{figure.label}</dt>
          <dd className="tabular font-medium">{figureWords(figure)}</dd>
        </div>
      ))}
    </dl>
  );
}
