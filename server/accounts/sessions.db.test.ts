import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { type HouseAnswer as Answer, openHouse } from '#server/http/testing/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const house = await openHouse(db);
const PASSWORD = 'a spring that is wound';
let acme: Tenant;
let beta: Tenant;
let admin: string;
let bob: string;

beforeAll(async () => {
  acme = await house.tenant('acme');
  beta = await house.tenant('beta');
  admin = await house.person('admin@example.org', [[acme, 'admin']]);
  bob = await house.person(
    'bob@example.org',
    [
      [acme, 'viewer'],
      [beta, 'admin'],
    ],
    { password: PASSWORD },
  );
});

type Item = { id: string; isCurrent: boolean; tenant: { slug: string } | null; userAgent: string };
const itemsOf = ({ body }: Answer) => body.items as Item[];

describe("one's own sessions", () => {
  it('are all listed, the one that asks is marked, and one revoked is out at the very next request', async () => {
    const [here, there] = [await house.session(bob), await house.session(bob)];
    await there.ask('POST /me/tenant', { tenant: 'beta' });
    const items = itemsOf(await here.ask('GET /me/sessions'));
    expect(items.filter((one) => one.isCurrent)).toHaveLength(1);
    const other = items.find((one) => one.tenant?.slug === 'beta')!;
    expect(other).toMatchObject({ userAgent: 'a test browser', user: { id: bob } });
    expect(await here.ask(`POST /me/sessions/${other.id}/revoke`)).toEqual({ status: 200, body: { revoked: 1 } });
    for (let process = 0; process < 2; process += 1) expect((await there.ask('GET /me')).status).toBe(401);
    expect((await here.ask('GET /me')).status).toBe(200);
  });

  it('but the one that asks end together', async () => {
    const [here, ...others] = [await house.session(bob), await house.session(bob), await house.session(bob)];
    expect((await here!.ask('POST /me/sessions/revoke-others')).status).toBe(200);
    expect((await here!.ask('GET /me')).status).toBe(200);
    for (const other of others) expect((await other.ask('GET /me')).status).toBe(401);
    expect(itemsOf(await here!.ask('GET /me/sessions'))).toHaveLength(1);
  });

  it('are listed by their last use, also by one that was no sign of its person', async () => {
    const [here, stolen] = [await house.session(bob), await house.session(bob)];
    const at = async (token: string, change: string) =>
      db.owner.unsafe(`update sessions set ${change} where token_hash = sha256('${token}'::bytea)`);
    await at(stolen.token, "last_seen_at = now() - interval '50 minutes', last_used_at = now() + interval '1 minute'");
    const [first] = (await here.ask('GET /me/sessions')).body.items as { lastUsedAt: string; lastSeenAt: string }[];
    expect(Date.parse(first!.lastUsedAt) - Date.parse(first!.lastSeenAt)).toBe(51 * 60_000);
    await at(stolen.token, 'revoked_at = now()');
  });

  it('are nobody else’s to end', async () => {
    const [mine, theirs] = [await house.session(admin), await house.session(bob)];
    const [item] = itemsOf(await theirs.ask('GET /me/sessions'));
    expect(await mine.ask(`POST /me/sessions/${item!.id}/revoke`)).toMatchObject({
      status: 404,
      body: { code: 'SESSION_NOT_FOUND' },
    });
    expect((await theirs.ask('GET /me')).status).toBe(200);
  });

  it('that were idle too long, have ended or expired are not listed', async () => {
    const [here, idle, old] = [await house.session(bob), await house.session(bob), await house.session(bob)];
    const age = (token: string, change: string) =>
      db.owner.unsafe(`update sessions set ${change} where token_hash = sha256('${token}'::bytea)`);
    const before = itemsOf(await here.ask('GET /me/sessions')).length;
    await age(idle.token, "last_seen_at = now() - interval '2 hours'");
    await age(old.token, "expires_at = now() - interval '1 second'");
    expect(itemsOf(await here.ask('GET /me/sessions'))).toHaveLength(before - 2);
  });
});

describe("the sessions of a tenant's users", () => {
  it('are seen and ended by its admin while they are in the tenant, and not while they are elsewhere', async () => {
    const boss = await house.session(admin);
    const [here, elsewhere] = [await house.session(bob), await house.session(bob)];
    await here.ask('POST /me/tenant', { tenant: 'acme' });
    await elsewhere.ask('POST /me/tenant', { tenant: 'beta' });
    const seen = itemsOf(await boss.ask(`GET /sessions?userId=${bob}`));
    expect(seen.map((one) => one.tenant?.slug)).not.toContain('beta');
    const hidden = itemsOf(await elsewhere.ask('GET /me/sessions')).find((one) => one.isCurrent)!;
    expect((await boss.ask(`POST /sessions/${hidden.id}/revoke`)).status).toBe(404);
    const shown = itemsOf(await here.ask('GET /me/sessions')).find((one) => one.isCurrent)!;
    expect((await boss.ask(`POST /sessions/${shown.id}/revoke`)).status).toBe(200);
    expect((await here.ask('GET /me')).status).toBe(401);
    expect((await elsewhere.ask('GET /me')).status).toBe(200);
  });

  it('end all at once for one user', async () => {
    const boss = await house.session(admin);
    const two = [await house.session(bob), await house.session(bob)];
    for (const one of two) await one.ask('POST /me/tenant', { tenant: 'acme' });
    expect((await boss.ask(`POST /users/${bob}/sessions/revoke`)).status).toBe(200);
    for (const one of two) expect((await one.ask('GET /me')).status).toBe(401);
    expect((await boss.ask('GET /me')).status).toBe(200);
  });
});

describe("one's own password", () => {
  const change = (currentPassword: string, newPassword: string) => ({ currentPassword, newPassword });

  it('is changed by the current one, which ends every other session and is kept nowhere in clear', async () => {
    const next = 'another spring that is wound';
    const [here, other] = [await house.session(bob), await house.session(bob)];
    const headers = { 'idempotency-key': 'password-1' };
    expect(await here.ask('POST /me/password', change(PASSWORD, next), headers)).toEqual({
      status: 200,
      body: { changed: true },
    });
    expect((await here.ask('POST /me/password', change(PASSWORD, next), headers)).status).toBe(200);
    expect((await here.ask('GET /me')).status).toBe(200);
    expect((await other.ask('GET /me')).status).toBe(401);
    expect(await here.ask('POST /me/password', change(PASSWORD, next))).toMatchObject({
      status: 403,
      body: { code: 'PASSWORD_WRONG' },
    });
    expect((await here.ask('POST /me/password', change(next, PASSWORD))).status).toBe(200);
    const [stored] = await db.owner<{ hash: string }[]>`select encode(request_hash, 'hex') as hash
      from idempotency_keys where key = 'password-1'`;
    const withoutPasswords = JSON.stringify({ currentPassword: null, newPassword: null });
    expect(stored?.hash).toBe(createHash('sha256').update(withoutPasswords).digest('hex'));
  });

  it.each([
    ['short', 'needs at least 12 characters'],
    ['aaaaaaaaaaaaaaaa', 'repeats too few characters'],
    ['bob@example.org', 'is made of the e-mail address'],
  ])('cannot be %j', async (weak, why) => {
    const { ask } = await house.session(bob);
    expect(await ask('POST /me/password', change(PASSWORD, weak))).toMatchObject({
      status: 400,
      body: { code: 'PASSWORD_WEAK', message: expect.stringContaining(why) },
    });
  });

  it('is not guessed in an open browser: wrong ones count towards the limit of the sign-in', async () => {
    const cat = await house.person('cat@example.org', [[acme, 'viewer']], { password: PASSWORD });
    const { ask } = await house.session(cat);
    const leftMs = 900_000 - (Date.now() % 900_000);
    // Counts are kept per quarter of an hour: a test that counts must not begin at the end of one.
    if (leftMs < 15_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 100));
    const counted = async () =>
      (
        await db.owner<{ failures: number }[]>`select failures from login_attempts
        where subject = 'account:cat@example.org' and window_start > now() - interval '15 minutes'`
      )[0]?.failures;
    expect((await ask('POST /me/password', change('wrong', PASSWORD))).body.code).toBe('PASSWORD_WRONG');
    await expect.poll(counted, { timeout: 20_000 }).toBe(1);
    await db.owner`update login_attempts set failures = 10 where subject = 'account:cat@example.org'`;
    expect(await ask('POST /me/password', change(PASSWORD, PASSWORD))).toMatchObject({
      status: 429,
      body: { code: 'LOGIN_LIMITED' },
    });
  });
});

describe("one's own name", () => {
  it('is what others see, at once', async () => {
    const [me, boss] = [await house.session(bob), await house.session(admin)];
    expect(await me.ask('POST /me/profile', { name: '  Bob the Builder ' })).toEqual({
      status: 200,
      body: { name: 'Bob the Builder' },
    });
    expect(await me.ask('GET /me')).toMatchObject({ body: { user: { name: 'Bob the Builder' } } });
    expect((await boss.ask('GET /users?search=builder')).body.items).toHaveLength(1);
    expect((await me.ask('POST /me/profile', { name: '   ' })).status).toBe(400);
  });
});
