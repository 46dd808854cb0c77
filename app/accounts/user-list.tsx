import { Link } from '@remix-run/react';
import { Users } from 'lucide-react';
import type { TenantUser } from '#server/web/index.ts';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { userLook } from './words.ts';

export function UserList({ users, ownId }: { users: TenantUser[]; ownId: string | undefined }) {
  if (users.length === 0)
    return (
      <EmptyState icon={Users} title="Nobody of that name or e-mail">
        Look for a part of it, or invite them.
      </EmptyState>
    );
  return (
    <Table label="Users">
      <Head>
        <Column>Person</Column>
        <Column>Role</Column>
        <Column>State</Column>
        <Column className="max-sm:hidden">Last seen</Column>
        <Column className="max-sm:hidden">Since</Column>
      </Head>
      <tbody>
        {users.map(({ id, email, name, role, status, lastSeenAt, createdAt }) => (
          <Row key={id}>
            <Cell>
              <Link to={`/settings/users/${id}`} className="block max-w-80 truncate font-medium hover:underline">
                {name || email}
                {id === ownId && <span className="font-normal text-faint"> (you)</span>}
              </Link>
              <span className="block max-w-80 truncate text-muted text-xs">{email}</span>
            </Cell>
            <Cell className="capitalize">{role}</Cell>
            <Cell>
              <Pill {...userLook[status]} />
            </Cell>
            <Cell className="max-sm:hidden">
              {lastSeenAt === null ? <Dash why="never seen in this tenant" /> : <Time at={lastSeenAt} />}
            </Cell>
            <Cell className="max-sm:hidden">
              <Time at={createdAt} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
