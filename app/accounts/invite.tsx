import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import { Form, Link, useActionData, useLoaderData, useNavigation } from '@remix-run/react';
import { text } from '../api.server.ts';
import { Button } from '../ui/button.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Field } from '../ui/field.tsx';
import { Door, Refusal } from './door.tsx';

// The address is a secret. Our Referrer-Policy keeps it from other sites; "no-referrer" would make browsers send
// forms of this page with the Origin "null", which is refused.
export const meta: MetaFunction = () => [{ title: 'Invite · Mainspring' }];

const tokenOf = (request: Request) => new URL(request.url).searchParams.get('token') ?? '';

export const loader = async ({ request, context }: LoaderFunctionArgs) => ({
  invite: await context.findInvite(tokenOf(request)),
});

export async function action({ request, context }: ActionFunctionArgs) {
  const form = await request.formData();
  const password = form.get('password');
  const done = await context.acceptInvite({
    ...{ token: tokenOf(request), name: text(form, 'name').slice(0, 200) },
    password: typeof password === 'string' ? password : '',
  });
  if (!done.ok) return data({ message: done.message, name: text(form, 'name') }, { status: 400 });
  throw redirect('/data/scheduler', done.cookie ? { headers: { 'Set-Cookie': done.cookie } } : {});
}

export default function Invite() {
  const { invite } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const { state } = useNavigation();
  if (invite === null)
    return (
      <Door title="This invite is over">
        <p>It is unknown, was used, withdrawn, or has expired. Ask whoever sent it for a new one.</p>
        <Link to="/login" className="font-medium underline">
          Sign in
        </Link>
      </Door>
    );
  return (
    <Door title={`Join ${invite.tenantName}`}>
      <p className="break-words">
        You are invited as <strong className="font-medium">{invite.role}</strong>, with the e-mail{' '}
        <strong className="font-medium">{invite.email}</strong>.
      </p>
      <Form method="post" className="space-y-4">
        <Refusal message={failure?.message} />
        {!invite.isMine && (
          <>
            <input type="text" name="username" autoComplete="username" defaultValue={invite.email} hidden readOnly />
            <Field
              label="Your name"
              name="name"
              required
              maxLength={200}
              autoComplete="name"
              defaultValue={failure?.name}
              hint="How others see you."
            />
            <Field
              label="Password"
              name="password"
              type="password"
              required
              autoComplete="new-password"
              hint="Choose one of at least 12 characters. If this e-mail has an account here already, enter its password."
            />
          </>
        )}
        <Button type="submit" look="primary" className="w-full" busy={state !== 'idle'}>
          Join
        </Button>
      </Form>
    </Door>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
