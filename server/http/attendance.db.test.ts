// A page that was left open asks for its data again and again: that must not keep its session for ever.
import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hashToken } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { makeSession, openWeb } from './testing/index.ts';

const IDLE_SECONDS = 3_600;
const UNATTENDED = { 'x-mainspring-unattended': '1' };
const db = await testDatabase();
const web = await openWeb(db, { sessionIdleSeconds: IDLE_SECONDS });
let acme: Tenant;
beforeAll(async () => {
  acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
});

/** A session of which nothing was heard for so long; asks with it, and says how long that is then. */
async function idleFor(seconds: number) {
  const cookie = await makeSession(db, acme);
  const hash = hashToken(cookie.slice(cookie.indexOf('=') + 1));
  await db.owner`update sessions set last_seen_at = now() - make_interval(secs => ${seconds}),
    last_used_at = now() - make_interval(secs => ${seconds}) where token_hash = ${hash}`;
  const secondsSince = async (name: 'last_seen_at' | 'last_used_at'): Promise<number> => {
    const [row] = await db.owner<{ seconds: number }[]>`
      select extract(epoch from now() - ${db.owner(name)})::float8 as seconds from sessions where token_hash = ${hash}`;
    return row!.seconds;
  };
  return {
    ask: (path: string, init: RequestInit = {}) =>
      web.fetch(path, { ...init, headers: { cookie, origin: web.baseUrl, ...init.headers } }),
    idleSeconds: () => secondsSince('last_seen_at'),
    unusedSeconds: () => secondsSince('last_used_at'),
    /** When it was last used, to the letter. */
    usedAt: async (): Promise<string> =>
      (await db.owner<{ at: string }[]>`select last_used_at::text as at from sessions where token_hash = ${hash}`)[0]!
        .at,
  };
}
type WhoAmI = { email: string | null };

it('a page that asks by itself is answered as its person, and its session goes on towards its idle time-out', async () => {
  const session = await idleFor(600);
  for (let refresh = 0; refresh < 3; refresh += 1) {
    const answer = await session.ask('/whoami', { headers: UNATTENDED });
    expect((await answer.json()) as WhoAmI).toMatchObject({ email: expect.stringContaining('@') });
  }
  expect(await session.idleSeconds()).toBeGreaterThanOrEqual(600);
  await session.ask('/whoami');
  expect(await session.idleSeconds()).toBeLessThan(300);
});

it('a use of a session that nobody is said to have made is seen as one all the same, once a minute', async () => {
  const session = await idleFor(600);
  await session.ask('/whoami', { headers: UNATTENDED });
  expect(await session.unusedSeconds()).toBeLessThan(300);
  expect(await session.idleSeconds()).toBeGreaterThanOrEqual(600);
  // A person's use moves both; within the same minute neither is written again.
  await session.ask('/whoami');
  expect(await session.idleSeconds()).toBeLessThan(300);
  await db.owner`update sessions set last_used_at = now() - interval '30 seconds', last_seen_at = now() - interval '30 seconds'`;
  const before = await session.usedAt();
  for (const headers of [UNATTENDED, {}] as Record<string, string>[]) await session.ask('/whoami', { headers });
  expect(await session.usedAt()).toBe(before);
});

it('a session that has ended by its idle time-out is not revived by such a page, nor by a person who is late', async () => {
  const session = await idleFor(IDLE_SECONDS + 5);
  for (const headers of [UNATTENDED, {}] as Record<string, string>[]) {
    const answer = await session.ask('/whoami', { headers });
    expect((await answer.json()) as WhoAmI).toMatchObject({ email: null });
  }
});

it('a form that is sent and a call of the API are signs of a person, whatever they say of themselves', async () => {
  const form = await idleFor(600);
  await form.ask('/whoami', { method: 'POST', headers: UNATTENDED, body: 'a=b' });
  expect(await form.idleSeconds()).toBeLessThan(300);
  const api = await idleFor(600);
  expect((await api.ask('/api/v1/me', { headers: UNATTENDED })).status).toBe(200);
  expect(await api.idleSeconds()).toBeLessThan(300);
});
