import { Form, Link, useNavigation } from '@remix-run/react';
import { Check, Plug, X } from 'lucide-react';
import type { Connection } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/states.tsx';
import { type Look, Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { addressOf, KIND_FORMS } from './kinds.ts';

const wellLook: Look = { label: 'Well', tone: 'ok', icon: Check };
const failedLook: Look = { label: 'Failed', tone: 'bad', icon: X };

interface ConnectionListProps {
  connections: Connection[];
  isFiltered: boolean;
  canWrite: boolean;
}

export function ConnectionList({ connections, isFiltered, canWrite }: ConnectionListProps) {
  if (connections.length === 0)
    return isFiltered ? (
      <EmptyState icon={Plug} title="No connection of this kind" />
    ) : (
      <EmptyState icon={Plug} title="No connections yet">
        {canWrite
          ? 'Choose a kind under “New connection” and give its address and secrets; pipelines then call it by its name.'
          : 'An admin makes them; pipelines then call them by their names.'}
      </EmptyState>
    );
  return (
    <Table label="Connections">
      <Head>
        <Column>Connection</Column>
        <Column className="max-md:hidden">Leads to</Column>
        <Column>Last test</Column>
        {canWrite && (
          <Column align="right">
            <span className="sr-only">Actions</span>
          </Column>
        )}
      </Head>
      <tbody>
        {connections.map((connection) => (
          <ConnectionRow key={connection.id} connection={connection} canWrite={canWrite} />
        ))}
      </tbody>
    </Table>
  );
}

function ConnectionRow({ connection, canWrite }: { connection: Connection; canWrite: boolean }) {
  const { id, name, kind, description, config, test } = connection;
  const { state, formData } = useNavigation();
  const address = addressOf(kind, config);
  return (
    <Row>
      <Cell>
        <Link
          to={`/settings/connections/${id}`}
          className="block max-w-56 truncate font-medium hover:underline max-sm:max-w-32"
          title={name}
        >
          {name}
        </Link>
        <p className="text-muted text-xs">{KIND_FORMS[kind].label}</p>
        <p className="max-w-36 truncate text-faint text-xs max-sm:max-w-32 md:hidden" title={address}>
          {address}
        </p>
      </Cell>
      <Cell className="max-md:hidden">
        <p className="max-w-56 truncate" title={address}>
          {address}
        </p>
        {description !== '' && (
          <p className="max-w-56 truncate text-faint text-xs" title={description}>
            {description}
          </p>
        )}
      </Cell>
      <Cell>
        <TestResult test={test} />
      </Cell>
      {canWrite && (
        <Cell align="right">
          <Form method="post" preventScrollReset>
            <input type="hidden" name="intent" value="test" />
            <input type="hidden" name="id" value={id} />
            <Button
              type="submit"
              size="sm"
              busy={state !== 'idle' && formData?.get('id') === id}
              aria-label={`Test the connection ${name}`}
            >
              Test
            </Button>
          </Form>
        </Cell>
      )}
    </Row>
  );
}

/** What came of the last test, and when; `isLong` with what the other side said. */
export function TestResult({ test, isLong = false }: { test: Connection['test']; isLong?: boolean }) {
  if (test === null) return <span className="whitespace-nowrap text-faint text-xs">Not tested</span>;
  return (
    <>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Pill {...(test.ok ? wellLook : failedLook)} />
        <Time at={test.testedAt} className="text-muted text-xs" />
      </p>
      {(isLong || !test.ok) && (
        <p
          className={isLong ? 'mt-1 break-words' : 'mt-0.5 max-w-44 truncate text-faint text-xs max-sm:max-w-28'}
          title={test.message}
        >
          {test.message}
        </p>
      )}
    </>
  );
}
