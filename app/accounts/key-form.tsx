import { Form, useNavigation } from '@remix-run/react';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { SelectField } from '../ui/select-field.tsx';

const LIFETIMES = [
  { value: '90', label: '90 days' },
  { value: '30', label: '30 days' },
  { value: '365', label: 'One year' },
  { value: '', label: 'Never' },
];

/** `scopes` are those that the person has: a key can be given no others. */
export function KeyForm({ scopes }: { scopes: string[] }) {
  const { state, formData } = useNavigation();
  return (
    <Form method="post" className="space-y-3">
      <input type="hidden" name="intent" value="create" />
      <Field label="Name" name="name" required maxLength={100} autoComplete="off" hint="What it is for." />
      <SelectField label="Ends after" name="days" options={LIFETIMES} />
      <fieldset>
        <legend className="mb-1 font-medium">What it may do</legend>
        <div className="grid grid-cols-2 gap-x-3 gap-y-1">
          {scopes.map((scope) => (
            <label key={scope} className="flex min-w-0 items-center gap-2 py-0.5">
              <input type="checkbox" name="scope" value={scope} className="size-4 shrink-0 accent-primary" />
              <span className="truncate">{scope}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <Button type="submit" look="primary" busy={state !== 'idle' && formData?.get('intent') === 'create'}>
        Make key
      </Button>
    </Form>
  );
}
