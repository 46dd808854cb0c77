import { Form, useNavigation } from '@remix-run/react';
import { Building2 } from 'lucide-react';
import type { TenantItem } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { Field } from '../ui/field.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Time } from '../ui/time.tsx';
import { Confirm } from './confirm.tsx';
import { tenantLook } from './words.ts';

export function TenantList({ tenants }: { tenants: TenantItem[] }) {
  if (tenants.length === 0)
    return (
      <Card>
        <EmptyState icon={Building2} title="No tenant of that name" />
      </Card>
    );
  return (
    <ul className="grid gap-4">
      {tenants.map((tenant) => (
        <li key={tenant.id} className="min-w-0">
          <TenantCard tenant={tenant} />
        </li>
      ))}
    </ul>
  );
}

function TenantCard({ tenant }: { tenant: TenantItem }) {
  const { id, slug, name, status, createdAt, userCount, adminCount } = tenant;
  const { state, formData } = useNavigation();
  const busyWith = state !== 'idle' && formData?.get('id') === id ? formData.get('intent') : null;
  return (
    <Card title={name} aside={<Pill {...tenantLook[status]} />}>
      <Facts
        facts={[
          { term: 'Slug', value: slug },
          { term: 'People', value: userCount },
          { term: 'Admins', value: adminCount },
          { term: 'Made', value: <Time at={createdAt} /> },
        ]}
      />
      <div className="mt-4 grid gap-2 lg:grid-cols-2">
        {status === 'suspended' ? (
          <div>
            <p className="mb-2 break-words text-muted">
              Suspended <Time at={tenant.suspendedAt} /> by {tenant.suspendedBy}: {tenant.suspendReason}
            </p>
            <Form method="post" preventScrollReset>
              <input type="hidden" name="intent" value="resume" />
              <input type="hidden" name="id" value={id} />
              <Button type="submit" busy={busyWith === 'resume'}>
                Let {name} in again
              </Button>
            </Form>
          </div>
        ) : (
          <Confirm
            summary="Suspend …"
            words={`${userCount === 1 ? 'One person' : `${userCount} people`} and all keys of ${name} are shut out from their next request on, until you let them in again. Nothing is deleted.`}
            intent="suspend"
            button={`Suspend ${name}`}
            busy={busyWith === 'suspend'}
          >
            <input type="hidden" name="id" value={id} />
            <Field label="Reason" name="reason" required maxLength={500} autoComplete="off" />
          </Confirm>
        )}
        <details className="rounded-md border border-line px-3 py-2">
          <summary className="cursor-pointer font-medium">Invite an admin …</summary>
          <Form method="post" className="mt-2 space-y-3" preventScrollReset>
            <input type="hidden" name="intent" value="invite-admin" />
            <input type="hidden" name="id" value={id} />
            <Field label="E-mail" name="email" type="email" required maxLength={320} autoComplete="off" />
            <Button type="submit" busy={busyWith === 'invite-admin'}>
              Make invite link
            </Button>
          </Form>
        </details>
      </div>
    </Card>
  );
}
