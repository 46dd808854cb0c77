import { Link, useSearchParams } from '@remix-run/react';
import type { ModelVersion } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { Actor } from '../ui/actor.tsx';
import { Card } from '../ui/card.tsx';
import { cn } from '../ui/cn.ts';
import { Pagination } from '../ui/pagination.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { ChartBox } from './chart-box.tsx';
import { fixed, versionLook } from './words.ts';

interface VersionsCardProps {
  versions: { items: ModelVersion[]; nextCursor: string | null };
  chosen: number;
}

/** Every version with its figures, and how the log loss went. */
export function VersionsCard({ versions: { items, nextCursor }, chosen }: VersionsCardProps) {
  const measured = items.filter(({ metrics }) => metrics !== null);
  const [newest, oldest] = [measured[0], measured.at(-1)];
  return (
    <Card title="Versions" flush>
      {newest !== undefined && oldest !== undefined && newest !== oldest && (
        <div className="border-line border-b px-4 pb-3">
          <ChartBox
            kind="over-time"
            versions={items}
            words={`Log loss from version ${oldest.version} to ${newest.version}: ${fixed(oldest.metrics?.logLoss, 4)} to ${fixed(newest.metrics?.logLoss, 4)}.`}
          />
        </div>
      )}
      <Table label="Versions">
        <Head>
          <Column>Version</Column>
          <Column>Outcome</Column>
          <Column align="right">AUC</Column>
          <Column align="right">Log loss</Column>
          <Column align="right">Majority</Column>
          <Column align="right">Rows</Column>
          <Column>Trained</Column>
        </Head>
        <tbody>
          {items.map((version) => (
            <VersionRow key={version.version} version={version} isChosen={version.version === chosen} />
          ))}
        </tbody>
      </Table>
      <Pagination nextCursor={nextCursor} shown={items.length} what="versions" />
    </Card>
  );
}

function VersionRow({ version, isChosen }: { version: ModelVersion; isChosen: boolean }) {
  const { metrics } = version;
  const [params] = useSearchParams();
  const to = new URLSearchParams(params);
  to.set('version', String(version.version));
  return (
    <Row>
      <Cell>
        <Link
          to={`?${to}`}
          preventScrollReset
          aria-current={isChosen ? 'true' : undefined}
          className={cn('whitespace-nowrap', isChosen ? 'font-semibold' : 'font-medium hover:underline')}
        >
          Version {version.version}
        </Link>
      </Cell>
      <Cell>
        <Pill {...versionLook(version)} />
        {version.reason !== null && (
          <p className="mt-0.5 max-w-96 min-w-48 break-words text-muted text-xs">{version.reason}</p>
        )}
      </Cell>
      <Cell align="right" className="tabular">
        {fixed(metrics?.auc)}
      </Cell>
      <Cell align="right" className="tabular">
        {fixed(metrics?.logLoss, 4)}
      </Cell>
      <Cell align="right" className="tabular text-muted">
        {fixed(metrics?.baseline.logLoss, 4)}
      </Cell>
      <Cell align="right" className="tabular">
        {version.trainingRows === null ? '–' : count(version.trainingRows)}
      </Cell>
      <Cell className="whitespace-nowrap text-xs">
        <Time at={version.startedAt} />
        <p className="text-faint">
          <Actor name={version.trainedBy} />
        </p>
      </Cell>
    </Row>
  );
}
