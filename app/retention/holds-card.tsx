import { LockOpen, ShieldCheck } from 'lucide-react';
import type { RetentionHold } from '#server/web/index.ts';
import { Actor, actorWords } from '../ui/actor.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { PlaceHold, ReleaseHold } from './hold-dialogs.tsx';
import { ListCard } from './list-card.tsx';
import { classLook } from './words.ts';

interface HoldsCardProps {
  holds: { items: RetentionHold[]; nextCursor: string | null };
  isAll: boolean;
  canManage: boolean;
}

/** What is kept from every deletion, and why. */
export function HoldsCard({ holds: { items, nextCursor }, isAll, canManage }: HoldsCardProps) {
  return (
    <ListCard
      title="Holds"
      {...{ name: 'holds', isAll, toAll: 'Also released ones', toOpen: 'Only those in force', shown: items.length }}
      hasMore={nextCursor !== null}
      aside={canManage && <PlaceHold />}
      empty={{
        icon: ShieldCheck,
        title: 'Nothing is on hold',
        words: 'A hold keeps a data class, or everything of one customer, whatever the policies say.',
      }}
    >
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
    </ListCard>
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
        <p className="max-w-40 truncate text-faint">
          <Actor name={hold.placedBy} />
        </p>
      </Cell>
      <Cell className="text-xs">
        {hold.releasedAt !== null ? (
          <>
            <Pill label="Released" tone="idle" icon={LockOpen} /> <Time at={hold.releasedAt} />
            <p className="max-w-64 break-words text-faint">
              {hold.releaseReason} ({actorWords(hold.releasedBy ?? '')})
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
