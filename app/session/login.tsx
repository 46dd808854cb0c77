import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import { Form, Link, useActionData, useLoaderData, useNavigation } from '@remix-run/react';
import { CircleAlert } from 'lucide-react';
import { text } from '../api.server.ts';
import { Logo } from '../shell/logo.tsx';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { nextPath } from './next-path.ts';

export const meta: MetaFunction = () => [{ title: 'Sign in · Mainspring' }];

const providerRefusals: Record<string, string> = {
  unknown: 'The provider knows you, but nobody here does. Ask an admin to invite your e-mail address.',
  failed: 'Signing in by the provider did not succeed. Try again, or use your password.',
};

export function loader({ request, context }: LoaderFunctionArgs) {
  if (context.session !== null) throw redirect(nextPath(request));
  if (context.api !== null) throw redirect('/no-tenant');
  const { searchParams } = new URL(request.url);
  return {
    hasNewPassword: searchParams.get('changed') === 'password',
    refusal: providerRefusals[searchParams.get('oidc') ?? ''] ?? null,
    provider:
      context.providerName === null
        ? null
        : { name: context.providerName, href: `/oidc/start?next=${encodeURIComponent(nextPath(request))}` },
  };
}

export async function action({ request, context }: ActionFunctionArgs) {
  const form = await request.formData();
  const email = text(form, 'email');
  const password = form.get('password');
  if (email === '' || typeof password !== 'string' || password === '') {
    return data({ message: 'Enter your e-mail address and your password.', email }, { status: 400 });
  }
  const result = await context.signIn(email, password);
  if (!result.ok) return data({ message: result.message, email }, { status: 401 });
  throw redirect(nextPath(request), { headers: { 'Set-Cookie': result.cookie } });
}

export default function Login() {
  const failure = useActionData<typeof action>();
  const { hasNewPassword, refusal, provider } = useLoaderData<typeof loader>();
  const problem = failure?.message ?? refusal;
  const { state } = useNavigation();
  return (
    <main className="grid min-h-dvh place-items-center px-4 pb-[12vh]">
      <div className="w-full max-w-80">
        <div className="mb-6 flex items-center gap-2.5">
          <Logo className="size-8" />
          <h1 className="font-semibold text-lg tracking-tight">Sign in to Mainspring</h1>
        </div>
        <Form method="post" className="space-y-4 rounded-lg border border-line bg-surface p-5 shadow-card">
          {hasNewPassword && failure === undefined && (
            <p role="status" className="rounded-md bg-ok-soft px-3 py-2 text-ok">
              Your new password is set. Sign in with it.
            </p>
          )}
          {problem !== null && (
            <p role="alert" className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad">
              <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
              {problem}
            </p>
          )}
          <Field
            label="E-mail"
            name="email"
            type="email"
            autoComplete="username"
            required
            autoFocus
            defaultValue={failure?.email}
          />
          <Field label="Password" name="password" type="password" autoComplete="current-password" required />
          <p className="text-right text-xs">
            <Link to="/forgot" className="text-muted underline hover:text-ink">
              Forgot it?
            </Link>
          </p>
          <Button type="submit" look="primary" className="w-full" busy={state !== 'idle'}>
            {state === 'idle' ? 'Sign in' : 'Signing in'}
          </Button>
          {provider !== null && (
            <Button asChild className="w-full">
              <a href={provider.href}>Sign in with {provider.name}</a>
            </Button>
          )}
        </Form>
      </div>
    </main>
  );
}
