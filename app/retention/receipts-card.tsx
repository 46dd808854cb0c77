import { CircleAlert, LoaderCircle, ReceiptText } from 'lucide-react';
import type { PurgeReceipt } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import { CLASSES, classLook, planWords } from './words.ts';

interface ReceiptsCardProps {
  receipts: { items: PurgeReceipt[]; nextCursor: string | null };
}

const rowsOf = (receipt: PurgeReceipt) => ({
  interaction_history: receipt.interactionHistory,
  decision_traces: receipt.decisionTraces,
  ai_attachments: receipt.aiAttachments,
});

/** What was deleted, when and under which days; each with a hash that covers the receipt before it too. */
export function ReceiptsCard({ receipts: { items, nextCursor } }: ReceiptsCardProps) {
  return (
    <Card title="Receipts" flush>
      {items.length === 0 ? (
        <EmptyState icon={ReceiptText} title="Nothing has been purged yet">
          Every purge leaves a receipt here: what it deleted, the cutoffs, and a hash that proves it was not changed.
        </EmptyState>
      ) : (
        <>
          <Table label="Receipts of purges">
            <Head>
              <Column>Finished</Column>
              {CLASSES.map((name) => (
                <Column key={name} align="right">
                  <span className="max-sm:hidden">{classLook[name].label}</span>
                  <span className="sm:hidden">{classLook[name].short}</span>
                </Column>
              ))}
              <Column align="right">Blobs</Column>
              <Column>Receipt</Column>
            </Head>
            <tbody>
              {items.map((receipt) => (
                <ReceiptRow key={receipt.id} receipt={receipt} />
              ))}
            </tbody>
          </Table>
          <Pagination nextCursor={nextCursor} shown={items.length} what="receipts" />
        </>
      )}
    </Card>
  );
}

function ReceiptRow({ receipt }: { receipt: PurgeReceipt }) {
  const rows = rowsOf(receipt);
  return (
    <Row>
      <Cell className="text-xs">
        {receipt.finishedAt === null ? (
          <Pill label="Goes on" tone="busy" icon={LoaderCircle} />
        ) : (
          <Time at={receipt.finishedAt} show="exact" />
        )}
        <p className="text-faint">
          {receipt.mode === 'strictest' ? 'strictest' : 'per class'}
          {receipt.resumptions > 0 && `, taken up again ${receipt.resumptions}×`}
        </p>
      </Cell>
      {CLASSES.map((name) => (
        <Cell key={name} align="right" className="tabular">
          {count(rows[name])}
          <Cutoff plan={receipt.plan[name]} />
        </Cell>
      ))}
      <Cell align="right" className="tabular">
        {count(receipt.blobsDeleted)}
        {receipt.errors.length > 0 && <Errors errors={receipt.errors} />}
      </Cell>
      <Cell>{receipt.hash === null ? null : <CopyableId id={receipt.hash} what="hash of the receipt" />}</Cell>
    </Row>
  );
}

function Cutoff({ plan }: { plan: PurgeReceipt['plan'][keyof PurgeReceipt['plan']] }) {
  if (plan === undefined || plan.days === null) return <p className="text-faint text-xs">{planWords(plan)}</p>;
  return (
    <p className="whitespace-nowrap text-faint text-xs">
      {planWords(plan)}
      <span className="max-sm:hidden">
        , before <Time at={plan.cutoffAt} show="clock" />
      </span>
    </p>
  );
}

const Errors = ({ errors }: { errors: string[] }) => (
  <Tooltip text={errors.slice(0, 5).join('\n')}>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what failed must be reachable without a mouse */}
    <span tabIndex={0} className="flex items-center justify-end gap-1 text-bad text-xs">
      <CircleAlert aria-hidden className="size-3" /> {errors.length} failed
    </span>
  </Tooltip>
);
