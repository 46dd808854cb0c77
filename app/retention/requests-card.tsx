import { Link } from '@remix-run/react';
import { TriangleAlert, UserRoundSearch } from 'lucide-react';
import type { DsarRequest } from '#server/web/index.ts';
import { Actor } from '../ui/actor.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { ListCard } from './list-card.tsx';
import { EditDueDays, NewRequest } from './request-dialogs.tsx';
import { kindWords, requestLook, subjectWords } from './request-words.ts';

interface RequestsCardProps {
  requests: { items: DsarRequest[]; nextCursor: string | null };
  isAll: boolean;
  /** Within how many days one is due that names no day. */
  dueDays: number;
}

/** Who asked for their data or its erasure, and by when it is due. */
export function RequestsCard({ requests: { items, nextCursor }, isAll, dueDays }: RequestsCardProps) {
  return (
    <ListCard
      title="Data requests"
      {...{ name: 'requests', isAll, toAll: 'Also ended ones', toOpen: 'Only open ones', shown: items.length }}
      hasMore={nextCursor !== null}
      aside={
        <>
          <EditDueDays dueDays={dueDays} />
          <NewRequest dueDays={dueDays} />
        </>
      }
      empty={{
        icon: UserRoundSearch,
        title: isAll ? 'Nobody has asked for their data' : 'No request is open',
        words: 'Take a request when a person asks to be given what is stored of them, or to have it erased.',
      }}
    >
      <Head>
        <Column>Customer</Column>
        <Column>Due</Column>
        <Column>State</Column>
        <Column className="max-sm:hidden">Taken by</Column>
      </Head>
      <tbody>
        {items.map((request) => (
          <RequestRow key={request.id} request={request} />
        ))}
      </tbody>
    </ListCard>
  );
}

function RequestRow({ request }: { request: DsarRequest }) {
  const { id, kind, state, dueAt, isOverdue, isRequested, createdBy, createdAt, finishedAt } = request;
  const isEnded = finishedAt !== null;
  return (
    <Row>
      <Cell>
        <Link
          to={`/data/retention/requests/${id}`}
          className="block max-w-64 break-words font-medium hover:underline"
          aria-label={`${kindWords[kind]} request of ${subjectWords(request)}`}
        >
          {subjectWords(request)}
        </Link>
        <p className="text-faint text-xs">{kindWords[kind]}</p>
      </Cell>
      <Cell className="text-xs">
        {isEnded ? (
          <>
            ended <Time at={finishedAt} />
          </>
        ) : (
          <Time at={dueAt} />
        )}
        {isOverdue && (
          <p>
            <Pill label="Overdue" tone="bad" icon={TriangleAlert} />
          </p>
        )}
      </Cell>
      <Cell>
        <Pill {...requestLook[state]} />
        {isRequested && <p className="text-faint text-xs">is taken up in a moment</p>}
      </Cell>
      <Cell className="text-xs max-sm:hidden">
        <p className="max-w-48 truncate">
          <Actor name={createdBy} />
        </p>
        <Time at={createdAt} className="text-faint" />
      </Cell>
    </Row>
  );
}
