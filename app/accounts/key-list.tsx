import { Form, useNavigation } from '@remix-run/react';
import { KeyRound } from 'lucide-react';
import type { ApiKey } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { keyLook } from './words.ts';

export function KeyList({ keys }: { keys: ApiKey[] }) {
  if (keys.length === 0)
    return (
      <EmptyState icon={KeyRound} title="No keys yet">
        Make one for a script, a pipeline of your CI, or the command line.
      </EmptyState>
    );
  return (
    <Table label="API keys">
      <Head>
        <Column>Key</Column>
        <Column>State</Column>
        <Column className="max-md:hidden">May</Column>
        <Column>Last used</Column>
        <Column className="max-sm:hidden">Ends</Column>
        <Column align="right">
          <span className="sr-only">Actions</span>
        </Column>
      </Head>
      <tbody>
        {keys.map((key) => (
          <KeyRow key={key.id} apiKey={key} />
        ))}
      </tbody>
    </Table>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const { id, name, prefix, status, scopes, createdBy, createdAt, lastUsedAt, expiresAt } = apiKey;
  const { state, formData } = useNavigation();
  return (
    <Row>
      <Cell>
        <p className="max-w-64 truncate font-medium">{name}</p>
        <p className="text-muted text-xs">
          <code className="font-mono">{prefix}…</code> made <Time at={createdAt} />
          {createdBy !== null && ` by ${createdBy}`}
        </p>
      </Cell>
      <Cell>
        <Pill {...keyLook[status]} />
      </Cell>
      <Cell className="max-md:hidden">
        <details>
          <summary className="cursor-pointer whitespace-nowrap">
            {scopes.length === 1 ? scopes[0] : `${scopes.length} scopes`}
          </summary>
          <p className="mt-1 max-w-60 text-muted text-xs">{scopes.join(', ')}</p>
        </details>
      </Cell>
      <Cell>{lastUsedAt === null ? <Dash why="never used" /> : <Time at={lastUsedAt} />}</Cell>
      <Cell className="max-sm:hidden">{expiresAt === null ? <Dash why="never" /> : <Time at={expiresAt} />}</Cell>
      <Cell align="right">
        {status === 'active' && (
          <Form method="post" preventScrollReset>
            <input type="hidden" name="intent" value="revoke" />
            <input type="hidden" name="id" value={id} />
            <Button
              type="submit"
              size="sm"
              busy={state !== 'idle' && formData?.get('id') === id}
              aria-label={`Revoke the key ${name}`}
            >
              Revoke
            </Button>
          </Form>
        )}
      </Cell>
    </Row>
  );
}
