import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import { load, text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { linkFrom, settle } from './outcome.server.ts';
import type { Once } from './outcome.ts';
import { OutcomeNotice } from './outcome-notice.tsx';
import { ResetForm, TenantForm } from './tenant-forms.tsx';
import { TenantList } from './tenant-list.tsx';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Tenants · Mainspring' }];

const TENANTS_ON_A_PAGE = 50;

export async function loader(args: LoaderFunctionArgs) {
  const { searchParams } = new URL(args.request.url);
  const [search, cursor] = [searchParams.get('search'), searchParams.get('cursor')];
  return load(args, (api) =>
    api.accounts.tenants({
      limit: TENANTS_ON_A_PAGE,
      ...(search ? { search } : {}),
      ...(cursor ? { cursor } : {}),
    }),
  );
}

export const action = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    const [id, email] = [text(form, 'id'), text(form, 'email')];
    const once = (label: string, path: string | null): Once => ({
      ...{ label, value: linkFrom(args.request, path) },
      note: 'Send it by a way you trust. It is shown only now and works once.',
    });
    switch (intent) {
      case 'create': {
        const input = { slug: text(form, 'slug'), name: text(form, 'name'), adminEmail: email };
        const made = await api.accounts.createTenant(input);
        return { ok: true, title: `Tenant ${made.tenant.name} made`, once: once('invite link', made.linkPath) };
      }
      case 'invite-admin': {
        const made = await api.accounts.inviteTenantAdmin({ id, email });
        return { ok: true, title: `${made.email} is invited as an admin`, once: once('invite link', made.linkPath) };
      }
      case 'reset': {
        const made = await api.accounts.instanceResetLink({ email });
        return { ok: true, title: `A new password for ${made.email}`, once: once('reset link', made.linkPath) };
      }
      case 'suspend': {
        const { name } = await api.accounts.suspendTenant({ id, reason: text(form, 'reason') });
        return {
          ok: true,
          title: `${name} is suspended`,
          detail: 'The next request of its people and keys is refused.',
        };
      }
      case 'resume': {
        const { name } = await api.accounts.resumeTenant({ id });
        return { ok: true, title: `${name} is active again` };
      }
      default:
        return unknownIntent(intent);
    }
  });

export default function Tenants() {
  const { items, nextCursor } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader title="Tenants" detail="All tenants of this installation. Only instance operators see this page." />
      <OutcomeNotice outcome={useActionData<typeof action>()} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0">
          <FilterBar search={{ label: 'Search by name or slug' }} />
          <TenantList tenants={items} />
          <Pagination nextCursor={nextCursor} shown={items.length} what="tenants" />
        </div>
        <div className="grid min-w-0 gap-4">
          <Card title="New tenant">
            <TenantForm />
          </Card>
          <Card title="Reset somebody's password">
            <ResetForm />
          </Card>
        </div>
      </div>
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
