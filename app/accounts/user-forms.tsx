import { Form, useNavigation } from '@remix-run/react';
import type { ReactNode } from 'react';
import type { TenantUser } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { Confirm } from './confirm.tsx';
import { roleOptions } from './words.ts';

/** All that an admin can do with a person. */
export function UserForms({ user, hasSessions }: { user: TenantUser; hasSessions: boolean }) {
  const { state, formData } = useNavigation();
  const busyWith = state === 'idle' ? null : formData?.get('intent');
  const isDisabled = user.status === 'disabled';
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Card title="Role">
        <Form method="post" className="space-y-3">
          <input type="hidden" name="intent" value="role" />
          <SelectField
            key={user.role}
            label="Role in this tenant"
            name="role"
            options={roleOptions}
            defaultValue={user.role}
          />
          <Button type="submit" busy={busyWith === 'role'}>
            Change role
          </Button>
        </Form>
      </Card>
      <Card title="Access">
        <div className="space-y-3">
          <Deed words="A link by which they choose a new password, for when they forgot theirs.">
            <Plain intent="reset" busy={busyWith === 'reset'}>
              Make reset link
            </Plain>
          </Deed>
          {hasSessions && (
            <Deed words="They can sign in again.">
              <Plain intent="end-sessions" busy={busyWith === 'end-sessions'}>
                End all sessions
              </Plain>
            </Deed>
          )}
          <Deed
            words={
              isDisabled
                ? 'They are shut out of this tenant now.'
                : 'Shuts them out of this tenant until enabled again.'
            }
          >
            {isDisabled ? (
              <Plain intent="enable" busy={busyWith === 'enable'}>
                Enable
              </Plain>
            ) : (
              <Plain intent="disable" busy={busyWith === 'disable'}>
                Disable
              </Plain>
            )}
          </Deed>
          <Confirm
            summary="Remove from this tenant …"
            words={`${user.email} can no longer open this tenant. What they did stays in the audit log; to come back they need a new invite.`}
            intent="remove"
            button={`Remove ${user.email}`}
            busy={busyWith === 'remove'}
          />
        </div>
      </Card>
    </div>
  );
}

const Deed = ({ words, children }: { words: string; children: ReactNode }) => (
  <div className="flex items-center justify-between gap-4">
    <p className="text-muted">{words}</p>
    {children}
  </div>
);

const Plain = ({ intent, busy, children }: { intent: string; busy: boolean; children: ReactNode }) => (
  <Form method="post">
    <input type="hidden" name="intent" value={intent} />
    <Button type="submit" busy={busy}>
      {children}
    </Button>
  </Form>
);
