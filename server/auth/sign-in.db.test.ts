import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { hashPassword, hashToken, newToken, ServiceError } from '#server/lib/index.ts';
import { authenticate, signIn, signOut } from './index.ts';

const db = await testDatabase();
const PASSWORD = 'correct horse battery staple';
const IDLE_SECONDS = 600;

const attempt = (email: string, password: string, address = '192.0.2.1') =>
  signIn(db.app, { email, password, address, userAgent: 'test', lifetimeSeconds: 3_600 });
const outcome = (run: Promise<unknown>) =>
  run.then(
    () => 'signed in',
    (error: unknown) =>
      error instanceof ServiceError ? { code: error.code, message: error.message, details: error.details } : error,
  );
const bySession = (token: string) =>
  authenticate(db.app, new Headers({ cookie: `mainspring_session=${token}` }), IDLE_SECONDS);

beforeAll(async () => {
  const password_hash = await hashPassword(PASSWORD);
  const person = (name: string, more: object = {}) => {
    const columns = { email: `${name}@example.org`, name, password_hash, disabled_at: null };
    return { ...columns, ...more } as typeof columns;
  };
  const people = ['ada', 'burst', 'limited', 'homeless'].map((name) => person(name));
  people.push(
    person('disabled', { disabled_at: new Date().toISOString() }),
    person('invited', { password_hash: null }),
  );
  await db.owner`insert into users ${db.owner(people)}`;
  await db.owner`insert into tenants (slug, name, schema_name, role_name, status) values
    ('acme', 'Acme', 'acme', 'acme', 'active'), ('asleep', 'Asleep', 'asleep', 'asleep', 'suspended')`;
  await db.owner`insert into memberships (tenant_id, user_id, role) select t.id, u.id, 'operator' from tenants t, users u
    where t.slug = 'acme' and u.email = 'ada@example.org' or t.slug = 'asleep'`;
});

const setFailures = (subject: string, failures: number) => db.owner`
  insert into login_attempts (subject, window_start, failures)
  values (${subject}, to_timestamp(floor(extract(epoch from now()) / 900) * 900), ${failures})
  on conflict (subject, window_start) do update set failures = ${failures}`;

/** A session without its password's derivation, which costs a tenth of a second. */
async function openSession(name = 'ada'): Promise<{ token: string }> {
  const token = newToken();
  await db.app`select auth_session_open(user_id, ${hashToken(token)}, 'test', 3600) from auth_login(${`${name}@example.org`})`;
  return { token };
}

/** Counts are kept per quarter of an hour: a test that counts must not begin at the end of one. */
async function awayFromQuarterEnd(): Promise<void> {
  const leftMs = 900_000 - (Date.now() % 900_000);
  if (leftMs < 15_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 100));
}

describe('signing in', () => {
  it('with the right password opens a session of the user, whatever the case of the e-mail', async () => {
    const { token } = await attempt('  ADA@Example.org ', PASSWORD);
    const caller = await bySession(token);
    expect(caller).toMatchObject({
      credential: 'session',
      actor: { kind: 'user', email: 'ada@example.org', role: 'operator', isInstanceOperator: false },
      userName: 'ada',
      tenant: { slug: 'acme', name: 'Acme' },
    });
  });

  it('stores only the hash of the session token', async () => {
    const { token } = await attempt('ada@example.org', PASSWORD);
    const rows = await db.owner`select from sessions where token_hash = ${hashToken(token)}`;
    expect(rows).toHaveLength(1);
    const [row] = await db.owner<{ text: string }[]>`select string_agg(s::text, ' ') as text from sessions s`;
    expect(row?.text).not.toContain(token);
  });

  it('answers alike to a wrong password, an unknown user, a disabled one and one who has no password yet', async () => {
    const wrong = await outcome(attempt('ada@example.org', 'wrong'));
    expect(wrong).toEqual({ code: 'LOGIN_FAILED', message: 'E-mail or password is wrong.', details: undefined });
    expect(await outcome(attempt('nobody@example.org', PASSWORD))).toEqual(wrong);
    expect(await outcome(attempt('disabled@example.org', PASSWORD))).toEqual(wrong);
    expect(await outcome(attempt('invited@example.org', PASSWORD))).toEqual(wrong);
    expect(await outcome(attempt('invited@example.org', ''))).toEqual(wrong);
  });

  it('takes as long for an unknown user as for a wrong password', async () => {
    const fastestMs = async (email: string) => {
      const times: number[] = [];
      for (let round = 0; round < 2; round += 1) {
        const started = performance.now();
        await outcome(attempt(email, 'wrong', '192.0.2.7'));
        times.push(performance.now() - started);
      }
      return Math.min(...times);
    };
    const unknownMs = await fastestMs('nobody-else@example.org');
    const wrongMs = await fastestMs('ada@example.org');
    // Without the derived key it would be some fiftieth.
    expect(unknownMs).toBeGreaterThan(wrongMs * 0.4);
  });

  it('is refused after ten failures of the account, also with the right password, and only for that account', async () => {
    await awayFromQuarterEnd();
    const failures = (count: number) => setFailures('account:limited@example.org', count);
    await failures(9);
    expect(await outcome(attempt('limited@example.org', 'wrong', '192.0.2.2'))).toMatchObject({ code: 'LOGIN_FAILED' });
    expect(await outcome(attempt('limited@example.org', PASSWORD, '192.0.2.3'))).toMatchObject({
      code: 'LOGIN_LIMITED',
    });
    expect(await outcome(attempt('ada@example.org', PASSWORD, '192.0.2.2'))).toBe('signed in');
    await failures(9);
    expect(await outcome(attempt('limited@example.org', PASSWORD, '192.0.2.2'))).toBe('signed in');
    expect(await outcome(attempt('limited@example.org', 'wrong', '192.0.2.2'))).toMatchObject({ code: 'LOGIN_FAILED' });
  });

  it('lets no more than ten guesses through when many come at once', async () => {
    await awayFromQuarterEnd();
    await setFailures('account:burst@example.org', 7);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcome(attempt('burst@example.org', 'guess', '192.0.2.4'))),
    );
    const codes = outcomes.map((one) => (one as { code: string }).code);
    expect(codes.filter((code) => code === 'LOGIN_FAILED')).toHaveLength(3);
    expect(codes.filter((code) => code === 'LOGIN_LIMITED')).toHaveLength(17);
  });

  it('is refused to an address after fifty failures over many accounts', async () => {
    await awayFromQuarterEnd();
    await setFailures('address:192.0.2.5', 50);
    expect(await outcome(attempt('ada@example.org', PASSWORD, '192.0.2.5'))).toMatchObject({ code: 'LOGIN_LIMITED' });
    expect(await outcome(attempt('ada@example.org', PASSWORD, '192.0.2.6'))).toBe('signed in');
  });
});

describe('a session', () => {
  const changed = async (change: string) => {
    const { token } = await openSession();
    expect(await bySession(token)).not.toBeNull();
    await db.owner.unsafe(`update sessions set ${change} where token_hash = '\\x${hashToken(token).toString('hex')}'`);
    return bySession(token);
  };

  it('ends when it was idle for too long, and not before', async () => {
    expect(await changed(`last_seen_at = now() - interval '${IDLE_SECONDS + 1} seconds'`)).toBeNull();
    expect(await changed(`last_seen_at = now() - interval '${IDLE_SECONDS - 20} seconds'`)).not.toBeNull();
  });

  it('ends at its absolute time-out, however busy it is', async () => {
    expect(await changed("expires_at = now() - interval '1 second'")).toBeNull();
  });

  it('is kept alive by use', async () => {
    const { token } = await openSession();
    await db.owner`update sessions set last_seen_at = now() - interval '5 minutes' where token_hash = ${hashToken(token)}`;
    await bySession(token);
    const [row] = await db.owner<{ age: number }[]>`select extract(epoch from now() - last_seen_at)::float8 as age
      from sessions where token_hash = ${hashToken(token)}`;
    expect(row?.age).toBeLessThan(60);
  });

  it('ends when it is signed out, and no other does', async () => {
    const [first, second] = [await openSession(), await openSession()];
    await signOut(db.app, first.token);
    expect(await bySession(first.token)).toBeNull();
    expect(await bySession(second.token)).not.toBeNull();
    await signOut(db.app, 'no such token');
  });

  it('ends when its user is disabled', async () => {
    const { token } = await openSession();
    await db.owner`update users set disabled_at = now() where email = 'ada@example.org'`;
    expect(await bySession(token)).toBeNull();
    await db.owner`update users set disabled_at = null where email = 'ada@example.org'`;
  });

  it('of someone whose only tenant is suspended has no tenant', async () => {
    const { token } = await openSession('homeless');
    expect(await bySession(token)).toMatchObject({ tenant: null });
  });

  it('loses its tenant when the membership or the tenant goes', async () => {
    const { token } = await openSession();
    await db.owner`update tenants set status = 'suspended' where slug = 'acme'`;
    expect(await bySession(token)).toMatchObject({ tenant: null });
    await db.owner`update tenants set status = 'active' where slug = 'acme'`;
    expect(await bySession(token)).toMatchObject({ tenant: { slug: 'acme' } });
    await db.owner`delete from memberships m using tenants t, users u where m.tenant_id = t.id and m.user_id = u.id
      and t.slug = 'acme' and u.email = 'ada@example.org'`;
    expect(await bySession(token)).toMatchObject({ tenant: null, actor: { role: 'viewer' } });
  });

  it('cannot be guessed: an unknown token is no session', async () => {
    expect(await bySession('x'.repeat(43))).toBeNull();
  });
});
