import { Lock, LockOpen } from 'lucide-react';
import { useState } from 'react';
import type { RetentionHold } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { CustomerFields } from './customer-fields.tsx';
import { CLASSES, classLook } from './words.ts';

/** Puts one customer, or a whole class, on hold. */
export const PlaceHold = () => (
  <FormDialog
    title="Place a hold"
    description="From the moment it is accepted nothing of it is deleted, until the hold is released."
    trigger={
      <Button size="sm" look="primary">
        <Lock aria-hidden /> Place a hold
      </Button>
    }
    action="/data/retention"
    hidden={{ intent: 'hold' }}
    submit="Place hold"
  >
    <What />
    <TextField label="Reason" name="reason" required maxLength={2_000} placeholder="Case, request, ticket" />
  </FormDialog>
);

const WHAT = [
  { value: 'subject', label: 'One customer, all classes' },
  ...CLASSES.map((name) => ({ value: name, label: `${classLook[name].label}, all of it` })),
];

function What() {
  const [what, setWhat] = useState('subject');
  return (
    <>
      <SelectField label="What to hold" name="what" value={what} onChoose={setWhat} options={WHAT} />
      {what === 'subject' && <CustomerFields emptyLabel="Also when nothing is stored of this customer yet" />}
    </>
  );
}

/** Ends a hold, with the reason on record. */
export const ReleaseHold = ({ hold, what }: { hold: RetentionHold; what: string }) => (
  <FormDialog
    title={`Release the hold on ${what}?`}
    description="What is past its days goes with the next purge, unless another hold lies on it."
    trigger={
      <Button size="sm" aria-label={`Release the hold on ${what}`}>
        <LockOpen aria-hidden /> Release
      </Button>
    }
    action="/data/retention"
    hidden={{ intent: 'release', id: hold.id }}
    submit="Release hold"
    look="danger"
    dismiss="Keep it"
  >
    <TextField label="Reason" name="reason" required maxLength={2_000} placeholder="Why it may end" />
  </FormDialog>
);
