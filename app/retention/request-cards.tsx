import { Form, useNavigation } from '@remix-run/react';
import { Download, Link2 } from 'lucide-react';
import type { DsarRequest } from '#server/web/index.ts';
import { count, counted } from '../time/format.ts';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { bytesWords, storeWords } from './request-words.ts';

type Bundle = NonNullable<DsarRequest['bundle']>;

/** The file of an access request, and how it gets to the person. */
export function BundleCard({ id, bundle }: { id: string; bundle: Bundle }) {
  const busy = useNavigation().formData?.get('intent') === 'link';
  return (
    <Card
      title="Bundle"
      aside={
        bundle.isGone ? undefined : (
          <>
            <Form method="post">
              <input type="hidden" name="intent" value="link" />
              <Button type="submit" size="sm" busy={busy}>
                <Link2 aria-hidden /> {bundle.linkExpiresAt === null ? 'Make a link' : 'Make a new link'}
              </Button>
            </Form>
            <Button asChild size="sm" look="primary">
              <a href={`/api/v1/dsar/${id}/download`} download>
                <Download aria-hidden /> Download
              </a>
            </Button>
          </>
        )
      }
    >
      <Facts
        facts={[
          { term: bundle.isGone ? 'Expired' : 'Expires', value: <Time at={bundle.expiresAt} show="exact" /> },
          { term: 'Size', value: bytesWords(bundle.sizeBytes) },
          { term: 'Link', value: bundle.linkExpiresAt === null ? 'none' : <Time at={bundle.linkExpiresAt} /> },
          { term: 'Downloads', value: count(bundle.downloads) },
          { term: 'Last download', value: <Time at={bundle.lastDownloadAt} /> },
          { term: 'SHA-256', value: <CopyableId id={bundle.sha256} what="SHA-256 of the bundle" /> },
        ]}
      />
      {bundle.isGone && <p className="mt-3 text-muted">The file is deleted. Take a new request to make another.</p>}
    </Card>
  );
}

const numbersOf = (value: unknown): [string, number][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, n]) => (typeof n === 'number' ? [[name, n] as [string, number]] : []))
    : [];

/** Rows by store: what was erased or given, what names the subject and stays, and where the id may be something else. */
export function CountsCard({ request }: { request: DsarRequest }) {
  const done = request.kind === 'erase' ? numbersOf(request.counts) : numbersOf(request.receipt?.given);
  const kept = new Map(numbersOf(request.kept));
  const possible = new Map(numbersOf(request.possible));
  const names = [...new Set([...done.map(([name]) => name), ...kept.keys(), ...possible.keys()])];
  const doneOf = new Map(done);
  if (names.length === 0 && request.waitingEvents === 0) return null;
  return (
    <Card title={request.kind === 'erase' ? 'What was erased' : 'What was given'} flush>
      <Table label="Rows by store">
        <Head>
          <Column>Store</Column>
          <Column align="right">{request.kind === 'erase' ? 'Erased' : 'Given'}</Column>
          {kept.size > 0 && <Column align="right">Stays</Column>}
          {possible.size > 0 && <Column align="right">Possible</Column>}
        </Head>
        <tbody>
          {names.map((name) => (
            <Row key={name}>
              <Cell>{storeWords(name)}</Cell>
              <Cell align="right" className="tabular">
                {count(doneOf.get(name) ?? 0)}
              </Cell>
              {kept.size > 0 && (
                <Cell align="right" className="tabular">
                  {count(kept.get(name) ?? 0)}
                </Cell>
              )}
              {possible.size > 0 && (
                <Cell align="right" className="tabular">
                  {count(possible.get(name) ?? 0)}
                </Cell>
              )}
            </Row>
          ))}
          {request.waitingEvents > 0 && (
            <Row>
              <Cell>Events still to be published</Cell>
              <Cell align="right" className="tabular">
                {count(request.waitingEvents)}
              </Cell>
            </Row>
          )}
        </tbody>
      </Table>
      {kept.size > 0 && (
        <p className="border-line border-t px-4 py-2 text-faint text-xs">
          Rows of the audit log stay as they are, because its chain would break; so do records of others who are on
          hold, failed events of other keys, and what a model has learned. The receipt says what can be done.
        </p>
      )}
      {possible.size > 0 && (
        <p className="border-line border-t px-4 py-2 text-faint text-xs">
          Possible: the id stands there and may be a number, a word or another record’s key. Nothing of these rows was
          changed.
        </p>
      )}
    </Card>
  );
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** What cannot be changed any more, with the hash that proves it. */
export function ReceiptCard({ request: { receiptNo, receipt, hash, previousHash } }: { request: DsarRequest }) {
  const tables = listOf(receipt?.pipelineTables) as { table: string; rows: number | null }[];
  const outside = listOf(receipt?.outside) as string[];
  const searchedAt = typeof receipt?.searchedAt === 'string' ? receipt.searchedAt : null;
  return (
    <Card title={`Receipt ${receiptNo ?? ''}`}>
      <Facts
        facts={[
          ...(searchedAt === null
            ? []
            : [{ term: 'Searched for all recorded until', value: <Time at={searchedAt} show="exact" /> }]),
          { term: 'Hash', value: hash === null ? 'none' : <CopyableId id={hash} what="hash of the receipt" /> },
          {
            term: 'Hash of the receipt before',
            value:
              previousHash === null ? 'the first' : <CopyableId id={previousHash} what="hash of the receipt before" />,
          },
        ]}
      />
      {tables.length > 0 && (
        <>
          <h3 className="mt-4 mb-1 font-medium">In tables of pipelines, left for their owners</h3>
          <ul className="list-disc pl-5">
            {tables.map(({ table, rows }) => (
              <li key={table} className="break-words">
                {table}: {rows === null ? 'not searched in time' : counted(rows, 'row')}
              </li>
            ))}
          </ul>
        </>
      )}
      {outside.length > 0 && (
        <>
          <h3 className="mt-4 mb-1 font-medium">Where copies may be that are not reached from here</h3>
          <ul className="list-disc pl-5">
            {outside.map((one) => (
              <li key={one} className="break-words">
                {one}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}
