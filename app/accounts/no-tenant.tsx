import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import { Form, useActionData, useLoaderData } from '@remix-run/react';
import { load, text } from '../api.server.ts';
import { Button } from '../ui/button.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Door, Refusal } from './door.tsx';
import { settle } from './outcome.server.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Choose a tenant · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  if (args.context.session !== null) throw redirect('/data/scheduler');
  const me = await load(args, (api) => api.accounts.me());
  return { email: me.user?.email ?? '', tenants: me.tenants };
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form) => {
    await api.accounts.switchTenant({ tenant: text(form, 'tenant') });
    throw redirect('/data/scheduler');
  });

/** For a person who is signed in and whose tenant was suspended, or closed to them, meanwhile. */
export default function NoTenant() {
  const { email, tenants } = useLoaderData<typeof loader>();
  const outcome = useActionData<typeof action>();
  const open = tenants.filter(({ status }) => status === 'active');
  const suspended = tenants.filter(({ status }) => status === 'suspended');
  return (
    <Door title={open.length > 0 ? 'Choose a tenant' : 'No tenant is open to you'}>
      <Refusal message={outcome?.ok === false ? outcome.error.message : undefined} />
      <p className="break-words">
        You are signed in as {email}
        {open.length > 0 ? '.' : ', and belong to no tenant that is open now. Ask an admin to invite you.'}
      </p>
      {suspended.length > 0 && (
        <p className="break-words text-muted">Suspended: {suspended.map(({ name }) => name).join(', ')}.</p>
      )}
      {open.map(({ id, name, role }) => (
        <Form key={id} method="post">
          <input type="hidden" name="tenant" value={id} />
          <Button type="submit" className="w-full">
            {name} <span className="text-faint">as {role}</span>
          </Button>
        </Form>
      ))}
      <Form method="post" action="/logout">
        <Button type="submit" look="quiet" className="w-full">
          Sign out
        </Button>
      </Form>
    </Door>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
