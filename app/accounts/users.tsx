import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import type { RoleName } from '#server/web/index.ts';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { InviteForm, InviteList } from './invites.tsx';
import { linkFrom, settle } from './outcome.server.ts';
import { OutcomeNotice } from './outcome-notice.tsx';
import { UserList } from './user-list.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'People · Mainspring' }];

const USERS_ON_A_PAGE = 50;

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const [search, cursor] = [searchParams.get('search'), searchParams.get('cursor')];
  const [users, invites] = await load(args, (api) =>
    Promise.all([
      api.accounts.users({ limit: USERS_ON_A_PAGE, ...(search ? { search } : {}), ...(cursor ? { cursor } : {}) }),
      api.accounts.invites({ limit: 200 }),
    ]),
  );
  return { users, invites: invites.items, ownId: args.context.session?.user.id };
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    switch (intent) {
      case 'invite': {
        const role = text(form, 'role') as RoleName;
        const made = await api.accounts.invite({ email: text(form, 'email'), role });
        return {
          ok: true,
          title: `${made.email} is invited`,
          once: {
            label: 'invite link',
            value: linkFrom(args.request, made.linkPath),
            note: 'Send it to them by a way you trust. It is shown only now, works once, and ends after a week.',
          },
        };
      }
      case 'revoke':
        await api.accounts.revokeInvite({ id: text(form, 'id') });
        return { ok: true, title: 'Invite withdrawn', detail: 'Its link is dead.' };
      default:
        return unknownIntent(intent);
    }
  });

export default function Users() {
  const { users, invites, ownId } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title="People" detail="Who may sign in to this tenant, and what they may do." />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0">
          <FilterBar search={{ label: 'Search by name or e-mail' }} />
          <Card flush>
            <UserList users={users.items} ownId={ownId} />
            <Pagination nextCursor={users.nextCursor} shown={users.items.length} what="people" />
          </Card>
        </div>
        <div className="grid min-w-0 gap-4">
          <Card title="Invite somebody">
            <InviteForm />
          </Card>
          {invites.length > 0 && (
            <Card title="Open invites" flush>
              <InviteList invites={invites} />
            </Card>
          )}
        </div>
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
