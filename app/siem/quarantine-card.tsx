import { RotateCw, ShieldCheck, Trash2 } from 'lucide-react';
import type { QuarantinedRow } from '#server/web/index.ts';
import { Actor, actorWords } from '../ui/actor.tsx';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';
import { useAction } from '../ui/use-action.tsx';

interface QuarantineCardProps {
  items: QuarantinedRow[];
  nextCursor: string | null;
  state: QuarantinedRow['state'];
}

const EMPTY: Record<QuarantinedRow['state'], { title: string; words: string }> = {
  open: {
    title: 'The SIEM has refused nothing',
    words: 'A row that it does not take is set aside here with its reason, so that it holds up no other.',
  },
  requeued: { title: 'Nothing waits to be sent again', words: 'What the SIEM takes disappears from this page.' },
  discarded: { title: 'Nothing was discarded', words: 'Discarded rows stay in the audit log; they are not shipped.' },
};

/** Each row with what the SIEM said, what was to be shipped, and what can be done about it. */
export function QuarantineCard({ items, nextCursor, state }: QuarantineCardProps) {
  const empty = EMPTY[state];
  // The card's and not the row's: a row that was settled leaves the list, and its outcome must be told all the same.
  const form = useAction(() => {});
  return (
    <Card
      title="Quarantine"
      flush
      aside={
        state === 'open' &&
        items.length > 1 && <Settle ids={items.map(({ id }) => id)} what="all shown" state={state} {...form} />
      }
    >
      {items.length === 0 ? (
        <EmptyState icon={ShieldCheck} title={empty.title}>
          {empty.words}
        </EmptyState>
      ) : (
        <>
          <ul aria-label="Rows that the SIEM refused" className="divide-y divide-line">
            {items.map((row) => (
              <RefusedRow key={`${row.id} ${row.destination}`} row={row} form={form} />
            ))}
          </ul>
          <Pagination nextCursor={nextCursor} shown={items.length} what="rows" />
        </>
      )}
    </Card>
  );
}

type Form = ReturnType<typeof useAction>;

function RefusedRow({ row, form }: { row: QuarantinedRow; form: Form }) {
  const { payload } = row;
  const name = `${payload.action} by ${actorWords(payload.actorId)}`;
  return (
    <li className="space-y-2 p-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <p className="break-words font-medium">
            {payload.action}{' '}
            <span className="font-normal text-muted">
              by <Actor name={payload.actorId} />
            </span>
          </p>
          <p className="text-faint text-xs">
            written <Time at={payload.at} show="exact" />, refused <Time at={row.refusedAt} />
          </p>
        </div>
        <Settle ids={[row.id]} what={name} state={row.state} {...form} />
      </div>
      <p className="break-words text-bad text-xs">
        {row.status}: {row.reason}
      </p>
      <p className="break-words text-faint text-xs">{row.destination}</p>
      {row.decidedBy !== null && row.decidedAt !== null && row.state !== 'open' && (
        <p className="text-muted text-xs">
          {row.state === 'requeued' ? 'Sent again' : 'Discarded'} by <Actor name={row.decidedBy} />,{' '}
          <Time at={row.decidedAt} />
        </p>
      )}
      <details className="text-xs">
        <summary className="w-fit cursor-pointer rounded text-muted">Payload</summary>
        <div className="mt-1">
          <JsonView value={{ id: row.id, ...payload }} what={`payload of ${name}`} />
        </div>
      </details>
    </li>
  );
}

/** The two things that can be done; what was done already is not offered again. */
function Settle({
  ids,
  what,
  state,
  Form,
  busy,
}: Form & { ids: string[]; what: string; state: QuarantinedRow['state'] }) {
  return (
    <Form method="post" action="/ops/siem" className="flex flex-none gap-2">
      {ids.map((id) => (
        <input key={id} type="hidden" name="id" value={id} />
      ))}
      {state !== 'requeued' && (
        <Button type="submit" name="intent" value="requeue" size="sm" busy={busy} aria-label={`Send again: ${what}`}>
          <RotateCw aria-hidden /> {ids.length > 1 ? 'Send all shown again' : 'Send again'}
        </Button>
      )}
      {state !== 'discarded' && ids.length === 1 && (
        <Button
          type="submit"
          name="intent"
          value="discard"
          size="sm"
          look="quiet"
          busy={busy}
          aria-label={`Discard: ${what}`}
        >
          <Trash2 aria-hidden /> Discard
        </Button>
      )}
    </Form>
  );
}
