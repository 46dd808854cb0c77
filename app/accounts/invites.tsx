import { Form, useNavigation } from '@remix-run/react';
import type { Invite } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { Time } from '../ui/time.tsx';
import { roleOptions } from './words.ts';

export function InviteForm() {
  const { state, formData } = useNavigation();
  return (
    <Form method="post" className="space-y-3">
      <input type="hidden" name="intent" value="invite" />
      <Field label="E-mail" name="email" type="email" required maxLength={320} autoComplete="off" />
      <SelectField label="Role" name="role" options={roleOptions} />
      <Button type="submit" look="primary" busy={state !== 'idle' && formData?.get('intent') === 'invite'}>
        Make invite link
      </Button>
    </Form>
  );
}

/** Who was asked and has not come yet. */
export function InviteList({ invites }: { invites: Invite[] }) {
  const { state, formData } = useNavigation();
  return (
    <ul className="divide-y divide-line">
      {invites.map(({ id, email, role, createdBy, expiresAt }) => (
        <li key={id} className="flex items-center justify-between gap-3 px-4 py-2">
          <div className="min-w-0">
            <p className="truncate">{email}</p>
            <p className="truncate text-muted text-xs">
              {role}, by {createdBy}, ends <Time at={expiresAt} />
            </p>
          </div>
          <Form method="post" preventScrollReset>
            <input type="hidden" name="intent" value="revoke" />
            <input type="hidden" name="id" value={id} />
            <Button
              type="submit"
              size="sm"
              busy={state !== 'idle' && formData?.get('id') === id}
              aria-label={`Withdraw the invite of ${email}`}
            >
              Withdraw
            </Button>
          </Form>
        </li>
      ))}
    </ul>
  );
}
