import { Form, useNavigation } from '@remix-run/react';
import { MonitorSmartphone } from 'lucide-react';
import type { OpenSession } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { browserWords } from './words.ts';

interface SessionListProps {
  sessions: OpenSession[];
  /** Show whose they are, or in which tenant. */
  show: 'user' | 'tenant';
}

/** Open browser sessions, each with a button that ends it. The form's `intent` is `end-session`. */
export function SessionList({ sessions, show }: SessionListProps) {
  const { state, formData } = useNavigation();
  if (sessions.length === 0)
    return <EmptyState icon={MonitorSmartphone} title="Nobody is signed in here at the moment" />;
  return (
    <Table label="Open sessions">
      <Head>
        {show === 'user' && <Column>Who</Column>}
        <Column>Browser</Column>
        {show === 'tenant' && <Column>Tenant</Column>}
        <Column>Last used</Column>
        <Column className="max-sm:hidden">Signed in</Column>
        <Column align="right">
          <span className="sr-only">Actions</span>
        </Column>
      </Head>
      <tbody>
        {sessions.map(({ id, user, tenant, userAgent, lastUsedAt, createdAt, isCurrent }) => (
          <Row key={id}>
            {show === 'user' && (
              <Cell className="max-w-60 max-sm:max-w-34">
                <p className="truncate" title={user.email}>
                  {user.email}
                </p>
              </Cell>
            )}
            <Cell>
              <span title={userAgent}>{browserWords(userAgent)}</span>
              {isCurrent && <span className="ml-2 text-faint text-xs">this one</span>}
            </Cell>
            {show === 'tenant' && <Cell>{tenant === null ? <Dash why="in no tenant" /> : tenant.name}</Cell>}
            <Cell>
              <Time at={lastUsedAt} />
            </Cell>
            <Cell className="max-sm:hidden">
              <Time at={createdAt} />
            </Cell>
            <Cell align="right">
              <Form method="post" preventScrollReset>
                <input type="hidden" name="intent" value="end-session" />
                <input type="hidden" name="id" value={id} />
                <Button
                  type="submit"
                  size="sm"
                  busy={state !== 'idle' && formData?.get('id') === id}
                  aria-label={`End the session of ${user.email}, ${browserWords(userAgent)}`}
                >
                  End
                </Button>
              </Form>
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
