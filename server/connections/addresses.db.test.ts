// Addresses of webhooks that belong to no connection: where they open, and what a rotation makes of them.
import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { readAddresses, sealAddress } from './addresses.ts';
import { rotateKeys } from './rotate.ts';
import { serveTestConnections, TEST_ENCRYPTION_KEY, testContext } from './testing/index.ts';

/** More than a batch of a rotation. */
const ADDRESSES = 130;
const db = await testDatabase();
const operator = testContext(db.app);
let mine: Ctx;
let theirs: Ctx;
const ids: string[] = [];
const urlOf = (n: number) => `https://chat.example.org/hooks/${n}?key=secret`;

const seal = ({ tenant }: Ctx, url: string) =>
  transaction(db.app, { tenantId: tenant.id }, (tx) => sealAddress(tx, tenant.id, url));
/** As the worker reads them, which sends. */
const open = ({ tenant }: Ctx, of: string[]) =>
  transaction(db.worker, { tenantId: tenant.id }, (tx) => readAddresses(tx, tenant.id, of));
const retired = () =>
  db.owner`select from webhook_addresses a join encryption_keys k on k.id = a.key_id where not k.is_active`;

beforeAll(async () => {
  serveTestConnections();
  mine = testContext(db.app, await createTenant(db.owner, { slug: 'mine', name: 'Mine' }));
  theirs = testContext(db.app, await createTenant(db.owner, { slug: 'theirs', name: 'Theirs' }));
  for (let n = 0; n < ADDRESSES; n += 1) ids.push(await seal(mine, urlOf(n)));
});

it('an address opens in its own row of its own tenant alone, and stands nowhere in the clear', async () => {
  expect((await open(mine, [ids[0]!, ids[1]!]))(ids[1]!)).toBe(urlOf(1));
  await expect(open(theirs, [ids[0]!]).then((opened) => opened(ids[0]!))).rejects.toThrow('is not there');
  // Copied to another row, or to another tenant's, the cipher text is worth nothing.
  const theirId = await seal(theirs, 'https://other.example.org/');
  const mineToo = await seal(mine, 'https://other.example.org/');
  await db.owner`update webhook_addresses w set secrets = a.secrets, key_id = a.key_id from webhook_addresses a
    where a.id = ${ids[0]!} and w.id in (${theirId}, ${mineToo})`;
  await expect(open(theirs, [theirId]).then((opened) => opened(theirId))).rejects.toThrow();
  await expect(open(mine, [mineToo]).then((opened) => opened(mineToo))).rejects.toThrow();
  await db.owner`delete from webhook_addresses where id in (${theirId}, ${mineToo})`;
  const [row] = await db.owner`select string_agg(encode(secrets, 'escape'), ' ') as text from webhook_addresses`;
  expect(row!.text.length).toBeGreaterThan(ADDRESSES * 50);
  expect(row!.text).not.toContain('chat.example.org');
});

it('a rotation seals every address anew, counts those that it did not come to, and loses none', async () => {
  const cut = await rotateKeys(operator, { deadlineMs: 0 });
  expect(cut).toMatchObject({ isNew: true, resealed: 0, remaining: ADDRESSES });
  expect((await open(mine, ids))(ids[7]!)).toBe(urlOf(7));
  expect(await rotateKeys(operator)).toMatchObject({ keyId: cut.keyId, resealed: ADDRESSES, remaining: 0 });
  expect(await retired()).toHaveLength(0);
  const opened = await open(mine, ids);
  expect(ids.map((id) => opened(id))).toEqual(ids.map((_, n) => urlOf(n)));
});

it('after a change of ENCRYPTION_KEY and a rotation the old one is not needed, and opens nothing', async () => {
  const next = 'the next encryption key of 32 characters or more';
  serveTestConnections({ keys: [next, TEST_ENCRYPTION_KEY] });
  expect(await rotateKeys(operator)).toMatchObject({ resealed: ADDRESSES, remaining: 0 });
  serveTestConnections({ keys: [next] });
  expect((await open(mine, [ids[3]!]))(ids[3]!)).toBe(urlOf(3));
  serveTestConnections();
  const opened = await open(mine, [ids[3]!]);
  expect(() => opened(ids[3]!)).toThrow('wrapped by another ENCRYPTION_KEY');
});
