import { UserRoundPlus } from 'lucide-react';
import { useId, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field, fieldStyle, TextField } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';

/** Takes a person's request. */
export function NewRequest() {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  const id = useId();
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title="Take a data request"
      description="A person asks to be given what is stored of them, or to have it erased."
      trigger={
        <Button size="sm" look="primary">
          <UserRoundPlus aria-hidden /> New request
        </Button>
      }
    >
      <Form method="post" action="/data/retention" className="space-y-4">
        <input type="hidden" name="intent" value="request" />
        <div>
          <label htmlFor={id} className="mb-1 block font-medium">
            What is asked for
          </label>
          <select id={id} name="kind" defaultValue="access" className={cn(fieldStyle, 'h-8')}>
            <option value="access">Access: a copy of the data</option>
            <option value="erase">Erasure of the data</option>
          </select>
        </div>
        <Field label="Customer id" name="customerId" required maxLength={200} autoComplete="off" spellCheck={false} />
        <label className="flex items-start gap-2">
          <input type="checkbox" name="acceptEmpty" className="mt-0.5 size-4 accent-accent" />
          <span>
            Also when nothing is stored of this customer
            <span className="block text-faint text-xs">Without it a mistyped id is refused.</span>
          </span>
        </label>
        <Field
          label="Due on"
          name="due"
          type="date"
          hint="The end of that day in UTC. Empty: 30 days from now; the law gives a month."
        />
        <TextField label="Note" name="note" maxLength={2_000} placeholder="Ticket, letter, who checked the identity" />
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Take request
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
