import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Link, useActionData, useLoaderData } from '@remix-run/react';
import type { Scope } from '#server/auth/index.ts';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { KeyForm } from './key-form.tsx';
import { KeyList } from './key-list.tsx';
import { settle } from './outcome.server.ts';
import { OutcomeNotice } from './outcome-notice.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'API keys · Mainspring' }];

const KEYS_ON_A_PAGE = 50;

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const cursor = searchParams.get('cursor');
  const state = searchParams.get('state') === 'all' ? 'all' : 'active';
  const [keys, me] = await load(args, (api) =>
    Promise.all([
      api.accounts.keys({ state, limit: KEYS_ON_A_PAGE, ...(cursor ? { cursor } : {}) }),
      api.accounts.me(),
    ]),
  );
  return { keys, state, scopes: me.scopes.filter((scope) => !/^(account|tenants|instance):/.test(scope)) };
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    switch (intent) {
      case 'create': {
        const days = Number(text(form, 'days'));
        const scopes = form.getAll('scope').map(String) as Scope[];
        const made = await api.accounts.createKey({
          ...{ name: text(form, 'name'), scopes },
          ...(days > 0 ? { expiresInDays: days } : {}),
        });
        return {
          ok: true,
          title: `Key "${made.name}" made`,
          once: {
            label: 'API key',
            value: made.key ?? '',
            note: 'Copy it now: it is shown only this once and kept as a hash.',
          },
        };
      }
      case 'revoke':
        await api.accounts.revokeKey({ id: text(form, 'id') });
        return { ok: true, title: 'Key revoked', detail: 'Its next request is refused.' };
      default:
        return unknownIntent(intent);
    }
  });

export default function Keys() {
  const { keys, state, scopes } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="API keys"
        detail="What scripts sign in with. A key belongs to this tenant and outlives who made it."
        actions={
          <Button asChild>
            {state === 'all' ? (
              <Link to="?">Only those that work</Link>
            ) : (
              <Link to="?state=all">Show ended keys, too</Link>
            )}
          </Button>
        }
      />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <Card flush>
          <KeyList keys={keys.items} />
          <Pagination nextCursor={keys.nextCursor} shown={keys.items.length} what="keys" />
        </Card>
        <Card title="New key">
          <KeyForm scopes={scopes} />
        </Card>
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
