import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { Form, useActionData, useLoaderData, useNavigation } from '@remix-run/react';
import { OutcomeNotice } from '../accounts/outcome-notice.tsx';
import { load } from '../api.server.ts';
import { Actor } from '../ui/actor.tsx';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Time } from '../ui/time.tsx';
import { connectionAction } from './action.server.ts';
import { TestResult } from './connection-list.tsx';
import { EditConnection } from './edit-connection.tsx';
import { addressOf, KIND_FORMS, secretLabel } from './kinds.ts';
import { DeleteConnection, UsedBy } from './used-by.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: `${data?.connection.name ?? 'Connection'} · Mainspring` },
];

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const [connection, uses] = await load(args, (api) =>
    Promise.all([api.connections.get({ id }), api.connections.uses({ id })]),
  );
  const isNew = new URL(args.request.url).searchParams.has('made');
  return { connection, uses, isNew, canWrite: args.context.session?.role === 'admin' };
}

export const action = connectionAction;

export default function ConnectionPage() {
  const { connection, uses, isNew, canWrite } = useLoaderData<typeof loader>();
  const outcome = useActionData<typeof action>();
  const { state, formData } = useNavigation();
  const { id, name, kind, description, config, secretNames, createdBy, createdAt, updatedBy, updatedAt } = connection;
  const { label, test } = KIND_FORMS[kind];
  const made = {
    ok: true,
    title: `${name} is made`,
    detail: 'Test it, so that its first use is no surprise.',
  } as const;
  return (
    <>
      <PageHeader
        title={name}
        detail={description === '' ? label : `${label} · ${description}`}
        crumbs={[{ to: '/settings/connections', label: 'Connections' }]}
      />
      <OutcomeNotice outcome={outcome ?? (isNew ? made : undefined)} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="grid min-w-0 gap-4">
          <Card>
            <Facts
              facts={[
                { term: 'Leads to', value: addressOf(kind, config) },
                {
                  term: 'Sealed',
                  value: secretNames.map((secret) => secretLabel(kind, secret)).join(', ') || 'no secret',
                },
                { term: 'Made', value: <When at={createdAt} by={createdBy} /> },
                { term: 'Changed', value: <When at={updatedAt} by={updatedBy} /> },
                { term: 'Id', value: <CopyableId id={id} /> },
              ]}
            />
          </Card>
          {canWrite && <EditConnection connection={connection} />}
        </div>
        <div className="grid min-w-0 gap-4">
          <Card title="Test">
            {connection.test === null ? (
              <p className="text-muted">Not tested since it was last changed.</p>
            ) : (
              <TestResult test={connection.test} isLong />
            )}
            <p className="mt-2 text-faint text-xs">{test}</p>
            {canWrite && (
              <Form method="post" className="mt-3" preventScrollReset>
                <input type="hidden" name="intent" value="test" />
                <Button type="submit" busy={state !== 'idle' && formData?.get('intent') === 'test'}>
                  Test now
                </Button>
              </Form>
            )}
          </Card>
          <UsedBy uses={uses} />
          {canWrite && <DeleteConnection name={name} uses={uses} />}
        </div>
      </div>
    </>
  );
}

const When = ({ at, by }: { at: string; by: string }) => (
  <>
    <Time at={at} />
    <span className="block break-words text-faint text-xs">
      by <Actor name={by} />
    </span>
  </>
);

export const ErrorBoundary = RouteErrorBoundary;
