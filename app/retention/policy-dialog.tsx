import { Pencil } from 'lucide-react';
import { useState } from 'react';
import type { RetentionPolicy } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field, TextField } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';
import { classLook } from './words.ts';

/** Days, legal hold and note of one class. */
export function EditPolicy({ policy }: { policy: RetentionPolicy }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  const { label } = classLook[policy.dataClass];
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Policy of ${label.toLowerCase()}`}
      description="What is older goes with the next purge and cannot be brought back. What is on hold stays."
      trigger={
        <Button size="sm" aria-label={`Change the policy of ${label.toLowerCase()}`}>
          <Pencil aria-hidden /> <span className="max-sm:hidden">Change</span>
        </Button>
      }
    >
      <Form method="post" action="/data/retention" className="space-y-4">
        <input type="hidden" name="intent" value="policy" />
        <input type="hidden" name="dataClass" value={policy.dataClass} />
        <Field
          label="Days to keep"
          name="retentionDays"
          type="number"
          min={0}
          max={36_500}
          step={1}
          required
          defaultValue={policy.retentionDays ?? ''}
          hint="Days of 24 hours from the time of recording, 0 to 36500. 0 sets no limit of its own."
        />
        <label className="flex items-start gap-2">
          <input
            type="checkbox"
            name="legalHold"
            defaultChecked={policy.legalHold}
            className="mt-0.5 size-4 accent-accent"
          />
          <span>
            Legal hold
            <span className="block text-faint text-xs">Nothing of this class is deleted while it is set.</span>
          </span>
        </label>
        <TextField
          label="Note"
          name="note"
          maxLength={2_000}
          defaultValue={policy.note}
          placeholder="Contract, law, ticket"
        />
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Set policy
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
