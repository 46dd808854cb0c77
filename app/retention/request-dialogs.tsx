import { CalendarClock, UserRoundPlus } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { Field, TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { CustomerFields } from './customer-fields.tsx';
import { dayWords } from './words.ts';

const KINDS = [
  { value: 'access', label: 'Access: a copy of the data' },
  { value: 'erase', label: 'Erasure of the data' },
];

/** Takes down what a person asked for. */
export const NewRequest = ({ dueDays }: { dueDays: number }) => (
  <FormDialog
    title="Take a data request"
    description="A person asks to be given what is stored of them, or to have it erased."
    trigger={
      <Button size="sm" look="primary">
        <UserRoundPlus aria-hidden /> New request
      </Button>
    }
    action="/data/retention"
    hidden={{ intent: 'request' }}
    submit="Take request"
  >
    <SelectField label="What is asked for" name="kind" defaultValue="access" options={KINDS} />
    <CustomerFields emptyLabel="Also when nothing is stored of this customer" />
    <Field
      label="Due on"
      name="due"
      type="date"
      hint={`The end of that day in UTC. Empty: ${dayWords(dueDays)} from now; the law gives a month.`}
    />
    <TextField label="Note" name="note" maxLength={2_000} placeholder="Ticket, letter, who checked the identity" />
  </FormDialog>
);

/** Within how many days a request is due that names no day. */
export const EditDueDays = ({ dueDays }: { dueDays: number }) => (
  <FormDialog
    title="When data requests are due"
    description="Requests that are there keep their day. An erasure is carried out two days before it is due."
    trigger={
      <Button size="sm" aria-label={`Due in ${dayWords(dueDays)}: change`}>
        <CalendarClock aria-hidden /> Due in {dayWords(dueDays)}
      </Button>
    }
    action="/data/retention"
    hidden={{ intent: 'due-days' }}
    submit="Set days"
  >
    <Field
      label="Days"
      name="requestDueDays"
      type="number"
      min={1}
      max={45}
      step={1}
      required
      defaultValue={dueDays}
      hint="1 to 45 days of 24 hours after a request was taken. The law gives a month."
    />
  </FormDialog>
);
