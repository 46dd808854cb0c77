import { useFetcher } from '@remix-run/react';
import { RotateCcw, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { OutboxEventFilter } from '#server/web/index.ts';
import type { ActionResult } from '../page-error.ts';
import { count, counted } from '../time/format.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.tsx';
import { failedWords } from './words.ts';

export type Which = { ids: string[] } | { filter: OutboxEventFilter };
type Intent = 'requeue' | 'discard';

const WORDS: Record<Intent, { verb: string; effect: string }> = {
  requeue: {
    verb: 'Requeue',
    effect:
      'Each goes to the end of its key’s order and is published as soon as a publisher comes to it. Consumers see its id again, with a header that says it was requeued.',
  },
  discard: {
    verb: 'Discard',
    effect: 'What is discarded is never published. Its row stays, marked as discarded, until it is pruned.',
  },
};

const WAITING_EFFECT =
  'It has not been set aside: it is tried again and again, and holds back what stands behind it in its key. It may have reached its receiver already. Discarded, it is not tried again, and its key goes on.';

const events = (amount: number, isWaiting: boolean) => counted(amount, `${isWaiting ? 'waiting' : 'failed'} event`);

/** Asks before it is done, with the number of events that it will be done to. */
export function SettleDialog({
  intent,
  which,
  isDisabled = false,
  isWaiting = false,
  onDone = () => {},
}: {
  intent: Intent;
  which: Which;
  /** Stays where it is all the same: an answer that is on its way must still be told. */
  isDisabled?: boolean;
  /** They are not failed, but wait after a failure. */
  isWaiting?: boolean;
  onDone?: () => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => {
    setOpen(false);
    onDone();
  });
  const fields = fieldsOf(which);
  const { matching, hasFailed } = usePreview(isOpen, fields);
  const amount = 'ids' in which ? which.ids.length : matching;
  const { verb, effect } = WORDS[intent];
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={amount === null ? `${verb} failed events?` : `${verb} ${events(amount, isWaiting)}?`}
      description={
        <>
          <p>{isWaiting ? WAITING_EFFECT : effect}</p>
          {'filter' in which && (
            <p className="mt-2 break-words">It applies to {failedWords(which.filter)}, on this page and beyond.</p>
          )}
          {amount === null && (
            <p role="status" className={`mt-2 ${hasFailed ? 'text-bad' : ''}`}>
              {hasFailed ? 'They could not be counted. Close this and open it again.' : 'Counting …'}
            </p>
          )}
        </>
      }
      trigger={
        <Button size="sm" look={intent === 'requeue' ? 'primary' : 'plain'} disabled={isDisabled}>
          {intent === 'requeue' ? <RotateCcw aria-hidden /> : <Trash2 aria-hidden />} {verb}
        </Button>
      }
    >
      <Form method="post">
        <input type="hidden" name="intent" value={intent} />
        {fields.map(([name, value]) => (
          <input key={`${name} ${value}`} type="hidden" name={name} value={value} />
        ))}
        <DialogButtons>
          <Button
            type="submit"
            look={intent === 'discard' ? 'danger' : 'primary'}
            busy={busy}
            disabled={amount === null || amount === 0}
          >
            {amount === null ? verb : `${verb} ${count(amount)}`}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

/** `by` says which of both was meant: an empty filter means all failed events, no ids never do. */
const fieldsOf = (which: Which): [string, string][] =>
  'ids' in which
    ? [['by', 'ids'], ...which.ids.map((id): [string, string] => ['id', id])]
    : [['by', 'filter'], ...Object.entries(which.filter)];

interface Preview {
  /** How many events it would be; null until it is known. */
  matching: number | null;
  hasFailed: boolean;
}

/** Asked each time that the dialog opens. */
function usePreview(isOpen: boolean, fields: [string, string][]): Preview {
  const { submit, data, state } = useFetcher<ActionResult>();
  const body = new URLSearchParams([['intent', 'preview'], ...fields]).toString();
  const isByFilter = fields[0]?.[1] === 'filter';
  useEffect(() => {
    if (isOpen && isByFilter) submit(new URLSearchParams(body), { method: 'post' });
  }, [isOpen, isByFilter, body, submit]);
  const answer = state === 'idle' ? data : undefined;
  return { matching: answer?.ok ? (answer.matching ?? null) : null, hasFailed: answer?.ok === false };
}
