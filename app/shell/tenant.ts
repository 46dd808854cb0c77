// The tenants that a person may be in, and the way from one to another. No page of its own.
import type { ActionFunctionArgs, LoaderFunctionArgs } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import { act, load, text } from '../api.server.ts';

export async function loader(args: LoaderFunctionArgs) {
  const { tenants } = await load(args, (api) => api.accounts.me());
  return { tenants };
}

export async function action(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  const result = await act(args, async (api) => {
    const { tenant } = await api.accounts.switchTenant({ tenant: text(form, 'tenant') });
    return { ok: true, title: `You are in ${tenant.name} now` };
  });
  // What an address names belongs to the tenant that was left.
  return result.data.ok ? redirect('/data/scheduler') : result;
}
