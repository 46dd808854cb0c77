import { Form, useNavigation } from '@remix-run/react';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';

const useBusy = (intent: string) => {
  const { state, formData } = useNavigation();
  return state !== 'idle' && formData?.get('intent') === intent;
};

export function TenantForm() {
  return (
    <Form method="post" className="space-y-3">
      <input type="hidden" name="intent" value="create" />
      <Field label="Name" name="name" required maxLength={100} autoComplete="off" />
      <Field
        label="Slug"
        name="slug"
        required
        pattern="[a-z][a-z0-9\-]{0,39}"
        autoComplete="off"
        hint="a-z, 0-9 and -, beginning with a letter. It stands in addresses and cannot be changed."
      />
      <Field label="First admin's e-mail" name="email" type="email" required maxLength={320} autoComplete="off" />
      <Button type="submit" look="primary" busy={useBusy('create')}>
        Make tenant
      </Button>
    </Form>
  );
}

export function ResetForm() {
  return (
    <Form method="post" className="space-y-3">
      <input type="hidden" name="intent" value="reset" />
      <Field
        label="E-mail"
        name="email"
        type="email"
        required
        maxLength={320}
        autoComplete="off"
        hint="Of any account of this installation."
      />
      <Button type="submit" busy={useBusy('reset')}>
        Make reset link
      </Button>
    </Form>
  );
}
