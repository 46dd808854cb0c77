// docs/api.md shows requests with their answers: here they are sent as they stand there, and the answers compared.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { makeKey, makeSession, openWeb } from '#server/http/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { asTenantRole, createTenant, findTenantData } from '#server/tenancy/index.ts';

const page = await readFile(resolve(fileURLToPath(new URL('..', import.meta.url)), 'docs/api.md'), 'utf8');
const db = await testDatabase();
const web = await openWeb(db);
serveTestConnections();

const ANY = '…';
type Names = Map<string, string>;

/** What the page shows, with the ids put in that earlier answers gave. */
const filled = (text: string, names: Names) =>
  text.replaceAll(/\$([a-z]+)/g, (whole, name: string) => names.get(name) ?? whole);

/** What is shown against what came: the first difference, at its place; null when it is as shown. */
function differs(shown: unknown, came: unknown, place: string, names: Names): string | null {
  if (shown === ANY) return came === undefined ? `${place} is missing` : null;
  if (typeof shown === 'string' && shown.startsWith('$')) {
    const known = names.get(shown.slice(1));
    if (known === undefined) names.set(shown.slice(1), String(came));
    return known === undefined || known === came ? null : `${place} is ${came} and not ${known}`;
  }
  if (Array.isArray(shown) && Array.isArray(came)) {
    const isOpen = shown.at(-1) === ANY && came.length >= shown.length;
    if (!isOpen && shown.length !== came.length) return `${place} has ${came.length} items`;
    return firstOf(shown.map((one, at) => () => differs(one, came[at], `${place}/${at}`, names)));
  }
  if (shown !== null && came !== null && typeof shown === 'object' && typeof came === 'object') {
    const { [ANY]: isOpen, ...fields } = shown as Record<string, unknown>;
    const more = Object.keys(came).filter((name) => !(name in fields));
    if (isOpen === undefined && more.length > 0) return `${place} also has ${more.join(', ')}`;
    const of = came as Record<string, unknown>;
    return firstOf(
      Object.entries(fields).map(
        ([name, one]) =>
          () =>
            differs(one, of[name], `${place}/${name}`, names),
      ),
    );
  }
  return shown === came ? null : `${place} is ${JSON.stringify(came)} and not ${JSON.stringify(shown)}`;
}
const firstOf = (checks: (() => string | null)[]): string | null => {
  for (const check of checks) {
    const found = check();
    if (found !== null) return found;
  }
  return null;
};

it('the requests of docs/api.md are answered as it shows', { timeout: 120_000 }, async () => {
  const tenant = await createTenant(db.owner, { slug: 'docs', name: 'Docs' });
  await transaction(db.worker, { tenantId: tenant.id }, async (tx) => {
    const data = await findTenantData(tx, tenant.id);
    const table = `create table ${data.schemaName}.visits (id int primary key, minutes float8, plan text, stayed boolean)`;
    const rows = `insert into ${data.schemaName}.visits
      select n, n % 60, case when n % 3 = 0 then 'team' else 'free' end, n % 60 > 25 + (n * 7919) % 11 from generate_series(1, 2000) n`;
    await asTenantRole(tx, data, { statementTimeoutMs: 10_000 }, async (connection) => {
      await connection.unsafe(table);
      await connection.unsafe(rows);
    });
  });
  const key = await makeKey(db, tenant);
  // A key is its maker's: of one that nobody made nobody would know whose eyes the other ones are.
  await makeSession(db, tenant);
  await db.owner`update api_keys set created_by = (select user_id from memberships where tenant_id = ${tenant.id})
    where tenant_id = ${tenant.id}`;
  const approver = await makeSession(db, tenant);
  const names: Names = new Map();
  const blocks = [...page.matchAll(/^```http\n(.*?)^```$/gms)].map(([, text = '']) => text);
  expect(blocks.length).toBeGreaterThan(10);
  for (const block of blocks) {
    const [request = '', answer = ''] = block.trimEnd().split('\n\n');
    const [line = '', ...rest] = filled(request, names).split('\n');
    const [method = '', path = ''] = line.split(' ');
    const body = rest.find((one) => one.startsWith('{'));
    const isSignedIn = rest.some((one) => one.startsWith('Cookie: '));
    const came = await web.fetch(path, {
      method,
      headers: {
        ...(isSignedIn ? { cookie: approver, origin: web.baseUrl } : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const told = await came.json();
    const [status = '', ...shown] = answer.split('\n');
    const found = differs(JSON.parse(shown.join('\n')), told, '', names);
    expect([came.status, found], `${line}\n${JSON.stringify(told)}`).toEqual([Number(status), null]);
  }
});
