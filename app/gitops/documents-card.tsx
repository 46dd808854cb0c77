import { Link } from '@remix-run/react';
import { FileSearch, GitCompare } from 'lucide-react';
import type { GitopsDocument, SourcePlan } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash } from '../ui/time.tsx';
import { ApplyButton, type Applying, applyingOf } from './apply-dialog.tsx';
import { stateLook } from './words.ts';

interface DocumentsCardProps {
  documents: { items: GitopsDocument[]; nextCursor: string | null };
  isFiltered: boolean;
  /** Null for somebody who may not apply. */
  plan: SourcePlan | null;
  onApply: (applying: Applying) => void;
}

/** Each document and each pipeline with how they stand to each other, what needs a hand first. */
export function DocumentsCard({ documents: { items, nextCursor }, isFiltered, plan, onApply }: DocumentsCardProps) {
  if (items.length === 0)
    return (
      <Card>
        <EmptyState
          icon={isFiltered ? FileSearch : GitCompare}
          title={isFiltered ? 'No document fits' : 'No documents and no pipelines'}
        >
          {isFiltered
            ? 'Change the state or the search.'
            : 'The folder has no YAML file, and there is no pipeline here. mainspring export writes documents for it.'}
        </EmptyState>
      </Card>
    );
  return (
    <Card flush>
      <Table label="Documents and pipelines">
        <Head>
          <Column>Document</Column>
          <Column>State</Column>
          <Column className="max-sm:hidden">File</Column>
          <Column className="max-sm:hidden">Here</Column>
          {plan !== null && (
            <Column align="right">
              <span className="sr-only">Actions</span>
            </Column>
          )}
        </Head>
        <tbody>
          {items.map((item) => (
            <DocumentRow key={item.id} item={item} plan={plan} onApply={onApply} />
          ))}
        </tbody>
      </Table>
      <Pagination nextCursor={nextCursor} shown={items.length} what="documents" />
    </Card>
  );
}

type RowProps = { item: GitopsDocument } & Pick<DocumentsCardProps, 'plan' | 'onApply'>;

function DocumentRow({ item, plan, onApply }: RowProps) {
  const planned = plan?.items.filter(({ name, file }) => name === item.name && file === item.file) ?? [];
  const applying = applyingOf(plan, planned);
  return (
    <Row>
      <Cell className="max-w-72 break-words font-medium">
        <Link to={`/data/gitops/${item.id}`} className="hover:underline">
          {item.name ?? item.file}
        </Link>
        {item.problem !== null && <p className="font-normal text-bad text-xs">{item.problem}</p>}
      </Cell>
      <Cell>
        <Pill {...stateLook[item.state]} />
      </Cell>
      <Cell className="max-w-60 break-words font-mono text-xs max-sm:hidden">
        {item.file === null ? (
          <Dash why="The repository has none" />
        ) : (
          `${item.file}${item.line === 1 || item.line === null ? '' : `:${item.line}`}`
        )}
      </Cell>
      <Cell className="whitespace-nowrap text-xs max-sm:hidden">
        {item.latestVersion === null ? (
          <Dash why="There is no such pipeline" />
        ) : (
          `version ${item.latestVersion}, ${item.liveVersion === null ? 'none live' : `${item.liveVersion} live`}`
        )}
      </Cell>
      {plan !== null && (
        <Cell align="right">
          {applying && <ApplyButton applying={applying} label="Apply" what={`Apply ${item.name}`} onApply={onApply} />}
        </Cell>
      )}
    </Row>
  );
}
