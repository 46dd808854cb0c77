import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { authenticate, signIn } from '#server/auth/index.ts';
import { type Ask, openHouse } from '#server/http/testing/index.ts';
import { createLogger, ServiceError } from '#server/lib/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';
import { acceptInvite, findInvite, findReset, resetPassword } from './index.ts';

const db = await testDatabase();
const house = await openHouse(db);
const PASSWORD = 'a spring that is wound';
const scope = { pool: db.app, log: createLogger({ level: 'silent', tier: 'test' }), requestId: 'test' };
let acme: Tenant;
let beta: Tenant;
let asAda: Ask;
let asBea: Ask;

beforeAll(async () => {
  acme = await house.tenant('acme');
  beta = await house.tenant('beta');
  asAda = (await house.session(await house.person('ada@example.org', [[acme, 'admin']]))).ask;
  asBea = (await house.session(await house.person('bea@example.org', [[beta, 'admin']]))).ask;
});

const tokenIn = (linkPath: unknown) => new URL(String(linkPath), 'http://localhost').searchParams.get('token') ?? '';

async function invite(email: string, role = 'operator', ask = asAda): Promise<string> {
  const { status, body } = await ask('POST /invites', { email, role });
  expect([body, status]).toEqual([body, 201]);
  return tokenIn(body.linkPath);
}

const accept = (token: string, more: Partial<Parameters<typeof acceptInvite>[1]> = {}) =>
  acceptInvite(scope, {
    ...{ token, name: 'New Person', password: PASSWORD, address: '192.0.2.1', userAgent: 'test', lifetimeSeconds: 600 },
    ...{ signedInAs: null, ...more },
  });
const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => 'done',
    (error: unknown) => (error instanceof ServiceError ? error.code : error),
  );
const callerOf = (token: string | null) =>
  authenticate(db.app, new Headers({ cookie: `mainspring_session=${token}` }), 600);

describe('an invite', () => {
  it('makes an account with the name and password chosen, signed in to the tenant in the role invited to', async () => {
    const token = await invite('  New@Example.ORG ');
    expect(await findInvite(db.app, token)).toEqual({
      email: 'new@example.org',
      role: 'operator',
      tenantName: 'Tenant acme',
    });
    const accepted = await accept(token);
    expect(await callerOf(accepted.token)).toMatchObject({
      actor: { email: 'new@example.org', role: 'operator' },
      tenant: { slug: 'acme' },
    });
    expect((await asAda('GET /users?search=new@')).body.items).toMatchObject([
      { name: 'New Person', role: 'operator' },
    ]);
    expect((await house.audit(acme.id)).slice(-2)).toMatchObject([
      { action: 'user.invite', actorId: 'ada@example.org' },
      { action: 'user.join', actorId: 'new@example.org' },
    ]);
  });

  it('is good once, also when it is accepted twice at the same moment', async () => {
    const token = await invite('once@example.org');
    const codes = await Promise.all([codeOf(accept(token)), codeOf(accept(token))]);
    expect(codes.sort()).toEqual(['LINK_INVALID', 'done']);
    expect(await codeOf(accept(token))).toBe('LINK_INVALID');
    expect(await findInvite(db.app, token)).toBeNull();
  });

  it.each([
    ['expired', "expires_at = now() - interval '1 second'"],
    ['withdrawn', 'revoked_at = now()'],
  ])('is no more when it is %s, in the same words as an unknown one', async (how, change) => {
    const token = await invite(`${how}@example.org`);
    await db.owner.unsafe(`update invites set ${change} where email = '${how}@example.org'`);
    expect(await codeOf(accept(token))).toBe('LINK_INVALID');
    expect(await codeOf(accept('unknown'))).toBe('LINK_INVALID');
  });

  it('is withdrawn by an admin, once', async () => {
    const token = await invite('unwanted@example.org');
    const { items } = (await asAda('GET /invites')).body as { items: { id: string; email: string }[] };
    const { id } = items.find((one) => one.email === 'unwanted@example.org')!;
    expect(await asBea(`POST /invites/${id}/revoke`)).toMatchObject({
      status: 404,
      body: { code: 'INVITE_NOT_FOUND' },
    });
    expect((await asAda(`POST /invites/${id}/revoke`)).status).toBe(200);
    expect((await asAda(`POST /invites/${id}/revoke`)).status).toBe(404);
    expect(await codeOf(accept(token))).toBe('LINK_INVALID');
  });

  it('takes the place of an earlier one for the same e-mail, whose link is dead', async () => {
    const first = await invite('twice@example.org', 'viewer');
    const second = await invite('twice@example.org', 'admin');
    expect(await findInvite(db.app, first)).toBeNull();
    expect(await findInvite(db.app, second)).toMatchObject({ role: 'admin' });
    const { items } = (await asAda('GET /invites')).body as { items: { email: string }[] };
    expect(items.filter(({ email }) => email === 'twice@example.org')).toHaveLength(1);
  });

  it('is refused for who is a user of the tenant already', async () => {
    expect(await asAda('POST /invites', { email: 'ada@example.org', role: 'viewer' })).toMatchObject({
      status: 409,
      body: { code: 'USER_ALREADY_MEMBER' },
    });
  });

  it('answers alike for a person of another tenant and for one who is nowhere', async () => {
    await house.person('elsewhere@example.org', [[beta, 'viewer']], { password: PASSWORD });
    const shape = async (email: string) => {
      const { status, body } = await asAda('POST /invites', { email, role: 'viewer' });
      const seen = await findInvite(db.app, tokenIn(body.linkPath));
      return { status, fields: Object.keys(body), seen: { ...seen, email: '' } };
    };
    expect(await shape('elsewhere@example.org')).toEqual(await shape('nowhere@example.org'));
  });

  it('never sets the password of an account that exists: that takes its own password or its own session', async () => {
    const id = await house.person('owner@example.org', [[beta, 'admin']], { password: PASSWORD });
    const token = await invite('owner@example.org');
    expect(await codeOf(accept(token, { password: 'what the inviter likes' }))).toBe('LOGIN_FAILED');
    const other = await callerOf((await house.session(await house.person('thief@example.org', []))).token);
    const thief = { userId: (other!.actor as { id: string }).id, sessionId: '00000000-0000-7000-8000-000000000000' };
    expect(await codeOf(accept(token, { password: 'wrong', signedInAs: thief }))).toBe('LOGIN_FAILED');
    const accepted = await accept(token);
    expect(await callerOf(accepted.token)).toMatchObject({ actor: { id }, tenant: { slug: 'acme' } });
  });

  it('is accepted without a password by the person who is signed in, whose session moves there', async () => {
    const id = await house.person('signed@example.org', [[beta, 'viewer']]);
    const { token: session, ask } = await house.session(id);
    const caller = await callerOf(session);
    const sessionId = (caller!.actor as { session: { id: string } }).session.id;
    const token = await invite('signed@example.org');
    expect(await accept(token, { password: '', signedInAs: { userId: id, sessionId } })).toEqual({ token: null });
    expect(await ask('GET /me')).toMatchObject({ body: { tenant: { slug: 'acme' }, role: 'operator' } });
  });

  it('asks for a password that is not weak', async () => {
    const token = await invite('weak@example.org');
    expect(await codeOf(accept(token, { password: 'weak' }))).toBe('PASSWORD_WEAK');
    expect(await codeOf(accept(token))).toBe('done');
  });
});

describe('a reset link', () => {
  /** Accepts an invite as the person who is signed in. */
  const join = async (token: string, userId: string) => {
    const caller = await callerOf((await house.session(userId)).token);
    const { session } = caller!.actor as { session: { id: string } };
    return accept(token, { password: '', signedInAs: { userId, sessionId: session.id } });
  };
  const linkFor = async (id: string, ask = asAda) => ask(`POST /users/${id}/reset-link`);

  it('sets a new password once, ends every session, and stands in the log of the tenant', async () => {
    const id = await house.person('lost@example.org', [[acme, 'viewer']], { password: PASSWORD });
    const { ask } = await house.session(id);
    const { status, body } = await linkFor(id);
    expect([status, body]).toMatchObject([201, { email: 'lost@example.org' }]);
    const token = tokenIn(body.linkPath);
    expect(await findReset(db.app, token)).toEqual({ email: 'lost@example.org' });
    expect(await codeOf(resetPassword(scope, { token, password: 'weak' }))).toBe('PASSWORD_WEAK');
    const both = await Promise.all(
      ['first of the new ones', 'second of the new ones'].map((password) =>
        codeOf(resetPassword(scope, { token, password })),
      ),
    );
    expect(both.sort()).toEqual(['LINK_INVALID', 'done']);
    expect((await ask('GET /me')).status).toBe(401);
    expect(await findReset(db.app, token)).toBeNull();
    expect((await house.audit(acme.id)).slice(-2)).toMatchObject([
      { action: 'user.reset', actorId: 'ada@example.org', targetId: id },
      { action: 'account.reset', actorId: 'lost@example.org', targetId: id },
    ]);
  });

  it('is dead when it has expired, another was made, or the password was changed', async () => {
    const id = await house.person('dead@example.org', [[acme, 'viewer']], { password: PASSWORD });
    const first = tokenIn((await linkFor(id)).body.linkPath);
    const second = tokenIn((await linkFor(id)).body.linkPath);
    const { ask } = await house.session(id);
    expect(await findReset(db.app, first)).toBeNull();
    expect(await findReset(db.app, second)).not.toBeNull();
    await ask('POST /me/password', { currentPassword: PASSWORD, newPassword: 'a spring wound otherwise' });
    expect(await codeOf(resetPassword(scope, { token: second, password: PASSWORD }))).toBe('LINK_INVALID');
    const third = tokenIn((await linkFor(id)).body.linkPath);
    await db.owner`update password_resets set expires_at = now() - interval '1 second' where user_id = ${id}`;
    expect(await codeOf(resetPassword(scope, { token: third, password: PASSWORD }))).toBe('LINK_INVALID');
    expect(await codeOf(resetPassword(scope, { token: 'unknown', password: PASSWORD }))).toBe('LINK_INVALID');
  });

  it('of a tenant’s admin is dead once its person belongs to another tenant too or to the instance', async () => {
    for (const [email, widen] of [
      [
        'wider@example.org',
        (id: string) => invite('wider@example.org', 'viewer', asBea).then((token) => join(token, id)),
      ],
      ['risen@example.org', (id: string) => db.owner`update users set is_instance_operator = true where id = ${id}`],
    ] as const) {
      const id = await house.person(email, [[acme, 'viewer']], { password: PASSWORD });
      const token = tokenIn((await linkFor(id)).body.linkPath);
      expect(await findReset(db.app, token)).toEqual({ email });
      await widen(id);
      expect(await findReset(db.app, token)).toBeNull();
      expect(await codeOf(resetPassword(scope, { token, password: 'what the admin of acme likes' }))).toBe(
        'LINK_INVALID',
      );
      const attempt = { email, address: null, userAgent: 'test', lifetimeSeconds: 60 };
      expect(await codeOf(signIn(db.app, { ...attempt, password: PASSWORD }))).toBe('done');
    }
  });

  it('is not made by an admin for an account that opens another tenant or the instance', async () => {
    const both = await house.person('both@example.org', [
      [acme, 'viewer'],
      [beta, 'admin'],
    ]);
    const operator = await house.person('root@example.org', [[acme, 'viewer']], { isInstanceOperator: true });
    for (const id of [both, operator])
      expect(await linkFor(id)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    const asRoot = (await house.session(operator)).ask;
    const made = await asRoot('POST /reset-links', { email: 'both@example.org' });
    expect(await findReset(db.app, tokenIn(made.body.linkPath))).toEqual({ email: 'both@example.org' });
    expect(await asRoot('POST /reset-links', { email: 'no@example.org' })).toMatchObject({ status: 404 });
    expect((await asAda('POST /reset-links', { email: 'both@example.org' })).status).toBe(403);
  });
});

describe('a link', () => {
  it('is kept as a hash only, and an Idempotency-Key repeats the answer without it', async () => {
    const headers = { 'idempotency-key': 'invite-1' };
    const input = { email: 'hashed@example.org', role: 'viewer' };
    const first = await asAda('POST /invites', input, headers);
    expect(await asAda('POST /invites', input, headers)).toEqual({
      status: 201,
      body: { ...first.body, linkPath: null },
    });
    const token = tokenIn(first.body.linkPath);
    expect(token).toMatch(/^[\w-]{43}$/);
    for (const table of ['invites', 'password_resets', 'audit_log', 'idempotency_keys']) {
      const [row] = await db.owner<
        { text: string | null }[]
      >`select string_agg(t::text, ' ') as text from ${db.owner(table)} t`;
      expect(row?.text ?? '').not.toContain(token);
    }
  });
});
