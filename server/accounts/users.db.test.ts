import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { ROLE_SCOPES } from '#server/auth/index.ts';
import { type Ask, makeKey, openHouse } from '#server/http/testing/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const house = await openHouse(db);
let acme: Tenant;
let beta: Tenant;
let ada: string;
let asAda: Ask;
let made = 0;

/** A user of acme alone, and their session. */
async function member(role: 'viewer' | 'operator' | 'admin' = 'viewer') {
  made += 1;
  const id = await house.person(`member-${made}@example.org`, [[acme, role]]);
  return { id, email: `member-${made}@example.org`, ...(await house.session(id)) };
}

beforeAll(async () => {
  acme = await house.tenant('acme');
  beta = await house.tenant('beta');
  ada = await house.person('ada@example.org', [[acme, 'admin']]);
  asAda = (await house.session(ada)).ask;
});

describe("a tenant's users", () => {
  it('are listed by e-mail, page by page, found by name or e-mail, and are the tenant’s own only', async () => {
    await member();
    await house.person('stranger@example.org', [[beta, 'admin']]);
    const emails: string[] = [];
    let cursor: unknown = null;
    do {
      const { body } = await asAda(`GET /users?limit=1${cursor ? `&cursor=${cursor}` : ''}`);
      emails.push(...(body.items as { email: string }[]).map(({ email }) => email));
      cursor = body.nextCursor;
    } while (cursor);
    expect(emails).toEqual([...emails].sort());
    expect(emails).toContain('ada@example.org');
    expect(emails).not.toContain('stranger@example.org');
    const found = await asAda('GET /users?search=ADA');
    expect(found.body.items).toMatchObject([{ id: ada, role: 'admin', status: 'active', name: 'ada' }]);
    expect((await asAda('GET /users?search=a%25a')).body.items).toEqual([]);
  });

  it('are for admins to see', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      const { ask } = await member(role);
      for (const route of ['GET /users', 'GET /invites', 'GET /sessions', 'GET /keys'])
        expect([role, route, (await ask(route)).status]).toEqual([role, route, 403]);
    }
  });

  it('lose what a role allowed at the very next request, in every process', async () => {
    const one = await member('operator');
    const runNow = () => one.ask('POST /pipelines/nothing/run');
    expect(await runNow()).toMatchObject({ status: 404, body: { code: 'PIPELINE_NOT_FOUND' } });
    expect(await asAda(`POST /users/${one.id}/role`, { role: 'viewer' })).toEqual({
      status: 200,
      body: { id: one.id, role: 'viewer' },
    });
    for (let process = 0; process < 2; process += 1)
      expect(await runNow()).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect((await house.audit(acme.id)).at(-1)).toMatchObject({ action: 'user.role', targetId: one.id });
  });

  it('are shut out when disabled, from the very next request on in every process, and let in again', async () => {
    const one = await member('admin');
    expect((await one.ask('GET /pipelines')).status).toBe(200);
    expect(await asAda(`POST /users/${one.id}/disable`)).toMatchObject({ body: { status: 'disabled' } });
    for (let process = 0; process < 2; process += 1) expect((await one.ask('GET /pipelines')).status).toBe(403);
    expect((await asAda(`GET /users?search=${one.email}`)).body.items).toMatchObject([{ status: 'disabled' }]);
    await asAda(`POST /users/${one.id}/enable`);
    expect((await one.ask('GET /pipelines')).status).toBe(200);
  });

  it('are disabled in this tenant only: another of theirs stays open', async () => {
    const id = await house.person('both@example.org', [
      [acme, 'viewer'],
      [beta, 'viewer'],
    ]);
    const { ask } = await house.session(id);
    await asAda(`POST /users/${id}/disable`);
    expect(await ask('GET /me')).toMatchObject({ body: { tenant: null, tenants: [{ slug: 'beta' }] } });
    expect((await ask('POST /me/tenant', { tenant: 'acme' })).status).toBe(404);
    expect((await ask('POST /me/tenant', { tenant: 'beta' })).status).toBe(200);
    expect((await ask('GET /pipelines')).status).toBe(200);
  });

  it('are gone when removed, and what they did stays', async () => {
    const one = await member('operator');
    expect((await asAda(`POST /users/${one.id}/remove`)).status).toBe(200);
    expect((await one.ask('GET /pipelines')).status).toBe(403);
    expect(await asAda(`POST /users/${one.id}/remove`)).toMatchObject({
      status: 404,
      body: { code: 'USER_NOT_FOUND' },
    });
    expect((await house.audit(acme.id)).at(-1)).toMatchObject({
      action: 'user.remove',
      details: { email: one.email },
    });
  });

  it('of another tenant are not to be found', async () => {
    const foreign = await house.person('foreign@example.org', [[beta, 'viewer']]);
    for (const route of ['role', 'disable', 'enable', 'remove', 'reset-link', 'sessions/revoke'])
      expect([route, await asAda(`POST /users/${foreign}/${route}`, { role: 'viewer' })]).toMatchObject([
        route,
        { status: 404, body: { code: 'USER_NOT_FOUND' } },
      ]);
  });
});

describe('the last admin', () => {
  it('can neither be demoted nor disabled nor removed; after another is there, they can', async () => {
    const alone = await house.tenant('alone');
    const id = await house.person('last@example.org', [[alone, 'admin']]);
    // An admin who is disabled, here or everywhere, could not let anybody in.
    const off = await house.person('off@example.org', [[alone, 'admin']]);
    const dead = await house.person('dead@example.org', [[alone, 'admin']]);
    await db.owner`update memberships set disabled_at = now() where user_id = ${off}`;
    await db.owner`update users set disabled_at = now() where id = ${dead}`;
    const { ask } = await house.session(id);
    for (const [route, body] of [
      ['role', { role: 'operator' }],
      ['disable', {}],
      ['remove', {}],
    ] as const)
      expect(await ask(`POST /users/${id}/${route}`, body)).toMatchObject({
        status: 409,
        body: { code: 'LAST_ADMIN' },
      });
    expect((await ask(`POST /users/${id}/role`, { role: 'admin' })).status).toBe(200);
    await ask(`POST /users/${off}/enable`);
    expect((await ask(`POST /users/${id}/role`, { role: 'viewer' })).status).toBe(200);
  });

  it('stays when two admins demote one another at the same moment', async () => {
    const duel = await house.tenant('duel');
    for (let round = 0; round < 5; round += 1) {
      await db.owner`delete from memberships where tenant_id = ${duel.id}`;
      const ids = await Promise.all(
        [1, 2].map((n) => house.person(`duel-${round}-${n}@example.org`, [[duel, 'admin']])),
      );
      const [a, b] = await Promise.all(ids.map((id) => house.session(id)));
      const statuses = await Promise.all([
        a!.ask(`POST /users/${ids[1]}/role`, { role: 'viewer' }),
        b!.ask(`POST /users/${ids[0]}/remove`),
      ]);
      const [left] = await db.owner<{ n: number }[]>`select count(*)::int as n from memberships
        where tenant_id = ${duel.id} and role = 'admin'`;
      expect([statuses.map(({ body }) => body.code ?? 'done').sort(), left?.n]).toEqual([
        expect.arrayContaining(['done']),
        1,
      ]);
    }
  });
});

describe('a key with users:write', () => {
  it('gives and touches no role that may do more than the key itself', async () => {
    const admin = await member('admin');
    const viewer = await member('viewer');
    const ask = house.withKey(await makeKey(db, acme, ['users:read', 'users:write', ...ROLE_SCOPES.viewer]));
    const refused = { status: 403, body: { code: 'FORBIDDEN' } };
    expect(await ask('POST /invites', { email: 'evil@example.org', role: 'admin' })).toMatchObject(refused);
    expect(await ask(`POST /users/${viewer.id}/role`, { role: 'admin' })).toMatchObject(refused);
    for (const route of ['role', 'disable', 'remove', 'reset-link', 'sessions/revoke'])
      expect([route, await ask(`POST /users/${admin.id}/${route}`, { role: 'viewer' })]).toMatchObject([
        route,
        refused,
      ]);
    expect((await ask('POST /invites', { email: 'fine@example.org', role: 'viewer' })).status).toBe(201);
    expect((await ask(`POST /users/${viewer.id}/disable`)).status).toBe(200);
  });
});
