import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { settle } from './outcome.server.ts';
import { OutcomeNotice } from './outcome-notice.tsx';
import { SessionList } from './session-list.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Sessions · Mainspring' }];

export const loader = (args: LoaderFunctionArgs) => load(args, (api) => api.accounts.sessions({}));

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    if (intent !== 'end-session') return unknownIntent(intent);
    await api.accounts.revokeSession({ id: text(form, 'id') });
    return { ok: true, title: 'Session ended', detail: 'Its next request is asked to sign in.' };
  });

export default function Sessions() {
  const { items } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title="Sessions" detail="Browsers that are signed in to this tenant now." />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <Card flush>
        <SessionList sessions={items} show="user" />
      </Card>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
