import { Pencil } from 'lucide-react';
import type { RetentionPolicy } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { Field, TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { classLook } from './words.ts';

/** Days, legal hold and note of one class. */
export function EditPolicy({ policy }: { policy: RetentionPolicy }) {
  const label = classLook[policy.dataClass].label.toLowerCase();
  return (
    <FormDialog
      title={`Policy of ${label}`}
      description="What is older goes with the next purge and cannot be brought back. What is on hold stays."
      trigger={
        <Button size="sm" aria-label={`Change the policy of ${label}`}>
          <Pencil aria-hidden /> <span className="max-sm:hidden">Change</span>
        </Button>
      }
      action="/data/retention"
      hidden={{ intent: 'policy', dataClass: policy.dataClass }}
      submit="Set policy"
    >
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
      <CheckField
        label="Legal hold"
        name="legalHold"
        defaultChecked={policy.legalHold}
        hint="Nothing of this class is deleted while it is set."
      />
      <TextField
        label="Note"
        name="note"
        maxLength={2_000}
        defaultValue={policy.note}
        placeholder="Contract, law, ticket"
      />
    </FormDialog>
  );
}
