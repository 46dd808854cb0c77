import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import type { RoleName } from '#server/web/index.ts';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { linkFrom, settle } from './outcome.server.ts';
import { OutcomeNotice } from './outcome-notice.tsx';
import { SessionList } from './session-list.tsx';
import { UserForms } from './user-forms.tsx';
import { userLook } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data?.user.email ?? 'Person'} · Mainspring` },
];

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const [user, sessions] = await load(args, (api) =>
    Promise.all([api.accounts.user({ id }), api.accounts.sessions({ userId: id })]),
  );
  return { user, sessions: sessions.items };
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    const id = args.params.id ?? '';
    switch (intent) {
      case 'role': {
        const role = text(form, 'role') as RoleName;
        await api.accounts.setRole({ id, role });
        return { ok: true, title: `The role is ${role} now`, detail: 'It counts from their next request on.' };
      }
      case 'disable':
        await api.accounts.disableUser({ id });
        return { ok: true, title: 'Disabled in this tenant', detail: 'Their next request is refused.' };
      case 'enable':
        await api.accounts.enableUser({ id });
        return { ok: true, title: 'Enabled again' };
      case 'reset': {
        const made = await api.accounts.resetLink({ id });
        return {
          ok: true,
          title: `A new password for ${made.email}`,
          once: {
            label: 'reset link',
            value: linkFrom(args.request, made.linkPath),
            note: 'Send it to them by a way you trust. It is shown only now, works once, and ends after a day.',
          },
        };
      }
      case 'end-session':
        await api.accounts.revokeSession({ id: text(form, 'id') });
        return { ok: true, title: 'Session ended' };
      case 'end-sessions':
        await api.accounts.revokeUserSessions({ id });
        return { ok: true, title: 'All their sessions in this tenant have ended' };
      case 'remove':
        await api.accounts.removeUser({ id });
        throw redirect('/settings/users');
      default:
        return unknownIntent(intent);
    }
  });

export default function User() {
  const { user, sessions } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title={user.name || user.email}
        mark={<Pill {...userLook[user.status]} />}
        detail={user.email}
        crumbs={[{ to: '/settings/users', label: 'People' }]}
      />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className="grid max-w-4xl gap-4">
        <UserForms user={user} hasSessions={sessions.length > 0} />
        <Card title="Open sessions in this tenant" flush>
          <SessionList sessions={sessions} show="tenant" />
        </Card>
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
