import { Lock, LockOpen } from 'lucide-react';
import { useId, useState } from 'react';
import type { RetentionHold } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field, fieldStyle, TextField } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';
import { CLASSES, classLook } from './words.ts';

/** Places a hold on a class or on one customer. */
export function PlaceHold() {
  const [isOpen, setOpen] = useState(false);
  const [what, setWhat] = useState('subject');
  const { Form, busy } = useAction(() => setOpen(false));
  const id = useId();
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title="Place a hold"
      description="From the moment it is accepted nothing of it is deleted, until the hold is released."
      trigger={
        <Button size="sm" look="primary">
          <Lock aria-hidden /> Place a hold
        </Button>
      }
    >
      <Form method="post" action="/data/retention" className="space-y-4">
        <input type="hidden" name="intent" value="hold" />
        <div>
          <label htmlFor={id} className="mb-1 block font-medium">
            What to hold
          </label>
          <select
            id={id}
            name="what"
            value={what}
            onChange={(event) => setWhat(event.currentTarget.value)}
            className={cn(fieldStyle, 'h-8')}
          >
            <option value="subject">One customer, all classes</option>
            {CLASSES.map((name) => (
              <option key={name} value={name}>
                {classLook[name].label}, all of it
              </option>
            ))}
          </select>
        </div>
        {what === 'subject' && (
          <>
            <Field
              label="Customer id"
              name="customerId"
              required
              maxLength={200}
              autoComplete="off"
              spellCheck={false}
            />
            <label className="flex items-start gap-2">
              <input type="checkbox" name="acceptEmpty" className="mt-0.5 size-4 accent-accent" />
              <span>
                Also when nothing is stored of this customer yet
                <span className="block text-faint text-xs">Without it a mistyped id is refused.</span>
              </span>
            </label>
          </>
        )}
        <TextField label="Reason" name="reason" required maxLength={2_000} placeholder="Case, request, ticket" />
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Place hold
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

/** Ends a hold, with the reason on record. */
export function ReleaseHold({ hold, what }: { hold: RetentionHold; what: string }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Release the hold on ${what}?`}
      description="What is past its days goes with the next purge, unless another hold lies on it."
      trigger={
        <Button size="sm" aria-label={`Release the hold on ${what}`}>
          <LockOpen aria-hidden /> Release
        </Button>
      }
    >
      <Form method="post" action="/data/retention" className="space-y-4">
        <input type="hidden" name="intent" value="release" />
        <input type="hidden" name="id" value={hold.id} />
        <TextField label="Reason" name="reason" required maxLength={2_000} placeholder="Why it may end" />
        <DialogButtons dismiss="Keep it">
          <Button type="submit" look="danger" busy={busy}>
            Release hold
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
