import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import { Form, Link, useActionData, useLoaderData, useNavigation } from '@remix-run/react';
import { Button } from '../ui/button.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Field } from '../ui/field.tsx';
import { Door, Refusal } from './door.tsx';

export const meta: MetaFunction = () => [{ title: 'New password · Mainspring' }];

const tokenOf = (request: Request) => new URL(request.url).searchParams.get('token') ?? '';

export const loader = async ({ request, context }: LoaderFunctionArgs) => ({
  reset: await context.findReset(tokenOf(request)),
});

export async function action({ request, context }: ActionFunctionArgs) {
  const password = (await request.formData()).get('password');
  const done = await context.resetPassword(tokenOf(request), typeof password === 'string' ? password : '');
  if (!done.ok) return data({ message: done.message }, { status: 400 });
  throw redirect('/login?changed=password');
}

export default function Reset() {
  const { reset } = useLoaderData<typeof loader>();
  const failure = useActionData<typeof action>();
  const { state } = useNavigation();
  if (reset === null)
    return (
      <Door title="This link is over">
        <p>It is unknown, was used, or has expired. Ask an admin of your tenant for a new one.</p>
        <Link to="/login" className="font-medium underline">
          Sign in
        </Link>
      </Door>
    );
  return (
    <Door title="Choose a new password">
      <Form method="post" className="space-y-4">
        <Refusal message={failure?.message} />
        <input type="text" name="username" autoComplete="username" defaultValue={reset.email} hidden readOnly />
        <Field
          label={`New password of ${reset.email}`}
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={12}
          required
          hint="At least 12 characters. All your open sessions end."
        />
        <Button type="submit" look="primary" className="w-full" busy={state !== 'idle'}>
          Set password
        </Button>
      </Form>
    </Door>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
