import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Form, useActionData, useLoaderData, useNavigation } from '@remix-run/react';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { Field } from '../ui/field.tsx';
import { PageHeader } from '../ui/page.tsx';
import { settle } from './outcome.server.ts';
import { OutcomeNotice } from './outcome-notice.tsx';
import { SessionList } from './session-list.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'My account · Mainspring' }];

export async function loader(args: LoaderFunctionArgs) {
  const [me, sessions] = await load(args, (api) => Promise.all([api.accounts.me(), api.accounts.mySessions()]));
  return { me, sessions: sessions.items };
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    switch (intent) {
      case 'profile': {
        const { name } = await api.accounts.updateProfile({ name: text(form, 'name') });
        return { ok: true, title: `Others see you as ${name} now` };
      }
      case 'password': {
        const [currentPassword, newPassword] = [form.get('current'), form.get('new')].map((value) =>
          String(value ?? ''),
        );
        await api.accounts.changePassword({ currentPassword: currentPassword!, newPassword: newPassword! });
        return { ok: true, title: 'Password changed', detail: 'All your other sessions have ended.' };
      }
      case 'end-session':
        await api.accounts.revokeMySession({ id: text(form, 'id') });
        return { ok: true, title: 'Session ended' };
      case 'end-others': {
        const { revoked } = await api.accounts.revokeMyOtherSessions({});
        return { ok: true, title: revoked === 1 ? 'One other session ended' : `${revoked} other sessions ended` };
      }
      default:
        return unknownIntent(intent);
    }
  });

export default function Account() {
  const { me, sessions } = useLoaderData<typeof loader>();
  const outcome = useActionData<typeof action>();
  const { state, formData } = useNavigation();
  const busyWith = state === 'idle' ? null : formData?.get('intent');
  return (
    <>
      <PageHeader title="My account" detail={me.user?.email} />
      <OutcomeNotice outcome={outcome} />
      <div className="grid max-w-4xl gap-4 lg:grid-cols-2">
        <Card title="Profile">
          <Form method="post" className="space-y-3">
            <input type="hidden" name="intent" value="profile" />
            <Field label="Name" name="name" defaultValue={me.user?.name} required maxLength={200} autoComplete="name" />
            <Facts
              facts={[
                { term: 'Role here', value: me.role ?? 'none' },
                { term: 'Tenants', value: me.tenants.map(({ name }) => name).join(', ') || 'none' },
              ]}
            />
            <Button type="submit" busy={busyWith === 'profile'}>
              Save name
            </Button>
          </Form>
        </Card>
        <Card title="Password">
          <Form method="post" className="space-y-3">
            <input type="hidden" name="intent" value="password" />
            {/* For password managers, which keep one password a user name. */}
            <input type="text" name="username" autoComplete="username" defaultValue={me.user?.email} hidden readOnly />
            <Field label="Current password" name="current" type="password" autoComplete="current-password" required />
            <Field
              label="New password"
              name="new"
              type="password"
              autoComplete="new-password"
              minLength={12}
              required
              hint="At least 12 characters. It ends all your other sessions."
            />
            <Button type="submit" busy={busyWith === 'password'}>
              Change password
            </Button>
          </Form>
        </Card>
        <Card
          title="Open sessions"
          flush
          className="lg:col-span-2"
          aside={
            sessions.length > 1 && (
              <Form method="post" preventScrollReset>
                <input type="hidden" name="intent" value="end-others" />
                <Button type="submit" size="sm" busy={busyWith === 'end-others'}>
                  End all others
                </Button>
              </Form>
            )
          }
        >
          <SessionList sessions={sessions} show="tenant" />
        </Card>
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
