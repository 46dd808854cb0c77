import { Link } from '@remix-run/react';
import { LockOpen, ShieldCheck } from 'lucide-react';
import type { RetentionHold } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { PlaceHold, ReleaseHold } from './hold-dialogs.tsx';
import { classLook } from './words.ts';

interface HoldsCardProps {
  holds: { items: RetentionHold[]; nextCursor: string | null };
  isAll: boolean;
  canManage: boolean;
}

/** What is kept from every deletion, and why. */
export function HoldsCard({ holds: { items, nextCursor }, isAll, canManage }: HoldsCardProps) {
  return (
    <Card
      title="Holds"
      flush
      aside={
        <>
          <Button asChild size="sm" look="quiet">
            <Link to={isAll ? '?' : '?holds=all'} preventScrollReset>
              {isAll ? 'Only those in force' : 'Also released ones'}
            </Link>
          </Button>
          {canManage && <PlaceHold />}
        </>
      }
    >
      {items.length === 0 ? (
        <EmptyState icon={ShieldCheck} title="Nothing is on hold">
          A hold keeps a data class, or everything of one customer, whatever the policies say.
        </EmptyState>
      ) : (
        <Table label="Holds">
          <Head>
            <Column>What</Column>
            <Column>Reason</Column>
            <Column className="max-sm:hidden">Placed</Column>
            <Column>State</Column>
          </Head>
          <tbody>
            {items.map((hold) => (
              <HoldRow key={hold.id} hold={hold} canManage={canManage} />
            ))}
          </tbody>
        </Table>
      )}
      {nextCursor !== null && (
        <p className="border-line border-t px-4 py-2 text-faint text-xs">
          The newest {items.length} are shown; the API lists all of them.
        </p>
      )}
    </Card>
  );
}

const whatOf = (hold: RetentionHold) =>
  hold.dataClass === null ? `Customer ${hold.customerId}` : classLook[hold.dataClass].label;

function HoldRow({ hold, canManage }: { hold: RetentionHold; canManage: boolean }) {
  return (
    <Row>
      <Cell>
        <p className="max-w-64 break-words font-medium">{whatOf(hold)}</p>
        <p className="text-faint text-xs">{hold.kind === 'class' ? 'the whole class' : 'all classes'}</p>
        <p className="text-faint text-xs sm:hidden">
          <Time at={hold.placedAt} />
        </p>
      </Cell>
      <Cell className="max-w-96 break-words">{hold.reason}</Cell>
      <Cell className="text-xs max-sm:hidden">
        <Time at={hold.placedAt} />
        <p className="max-w-40 truncate text-faint" title={hold.placedBy}>
          {hold.placedBy}
        </p>
      </Cell>
      <Cell className="text-xs">
        {hold.releasedAt !== null ? (
          <>
            <Pill label="Released" tone="idle" icon={LockOpen} /> <Time at={hold.releasedAt} />
            <p className="max-w-64 break-words text-faint">
              {hold.releaseReason} ({hold.releasedBy})
            </p>
          </>
        ) : canManage ? (
          <ReleaseHold hold={hold} what={whatOf(hold)} />
        ) : (
          'in force'
        )}
      </Cell>
    </Row>
  );
}
