import { useFetcher } from '@remix-run/react';
import { ChevronsUpDown } from 'lucide-react';
import type { PageSession } from '#server/web/index.ts';
import { Menu, MenuChoice, MenuLabel } from '../ui/menu.tsx';
import { useActionOutcome } from '../ui/use-action.tsx';
import type { action, loader } from './tenant.ts';

/** The tenant one is in; opens to the others. They are asked for when it opens, and not with every page. */
export function TenantMenu({ tenant }: { tenant: PageSession['tenant'] }) {
  const list = useFetcher<typeof loader>({ key: 'tenants' });
  const move = useFetcher<typeof action>({ key: 'tenant' });
  useActionOutcome(move);
  const tenants = list.data?.tenants ?? [];
  return (
    <Menu
      onOpen={() => list.load('/tenant')}
      trigger={
        <button
          type="button"
          aria-label={`Tenant ${tenant.name}. Change tenant`}
          className="flex max-w-full items-center gap-1 rounded text-faint text-xs leading-4 hover:text-ink"
        >
          <span className="truncate">{tenant.name}</span>
          <ChevronsUpDown aria-hidden className="size-3 shrink-0" />
        </button>
      }
    >
      <MenuLabel>{list.data === undefined ? 'Loading your tenants' : 'Work in'}</MenuLabel>
      <MenuChoice
        value={tenant.id}
        onChange={(id) => move.submit({ tenant: id }, { method: 'post', action: '/tenant' })}
        options={tenants
          .filter(({ status }) => status === 'active')
          .map(({ id, name, role }) => ({ value: id, label: name, hint: role }))}
      />
    </Menu>
  );
}
