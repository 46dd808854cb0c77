// Whoever is turned away leaves a row in the audit log of the tenant whose door it was, and cannot fill that log.
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { flushRefusals, INSTANCE_LOG, recordSignInRefusal } from '#server/audit/index.ts';
import { createLogger, hashPassword } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { makeKey, makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const log = createLogger({ level: 'silent', tier: 'test' });
const JSON_TYPE = { 'content-type': 'application/json' };
let tenant: Tenant;

type Row = { actor_kind: string; actor_id: string; action: string; outcome: string; target_id: string; code: string };
const refusedIn = async (tenantId: string) => {
  await flushRefusals(db.app, log);
  return db.owner<(Row & { details: { count: number } })[]>`
    select actor_kind, actor_id, action, outcome, target_id, details->>'code' as code, details
    from audit_log where tenant_id = ${tenantId} and outcome = 'refused' order by id`;
};
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const tryPause = (headers: Record<string, string>, id = 'flights') =>
  web.fetch(`/api/v1/pipelines/${id}/pause`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: '{}' });

let names = 0;
beforeAll(async () => {
  const password_hash = await hashPassword('a good password');
  await db.owner`insert into users (email, password_hash) values ('ada@example.org', ${password_hash})`;
});
/** Each test looks at a log of its own. */
const newTenant = async () => {
  names += 1;
  tenant = await createTenant(db.owner, { slug: `refused-${names}`, name: 'Refused' });
  return tenant;
};

describe('a refused attempt is in the audit log', () => {
  it('when the key lacks the scope', async () => {
    const key = await makeKey(db, await newTenant(), ['pipelines:read']);
    expect((await tryPause(bearer(key))).status).toBe(403);
    const [keyRow] = await db.owner<{ id: string }[]>`select id from api_keys where tenant_id = ${tenant.id}`;
    expect(await refusedIn(tenant.id)).toMatchObject([
      {
        ...{ actor_kind: 'api_key', actor_id: `api_key:${keyRow?.id}`, action: 'pipeline.pause', target_id: 'flights' },
        ...{ outcome: 'refused', code: 'FORBIDDEN', details: { count: 1, procedure: 'pipelines.pause' } },
      },
    ]);
  });

  it('when the role is too small, by tRPC too', async () => {
    const cookie = await makeSession(db, await newTenant(), 'viewer');
    const headers = { cookie, origin: web.baseUrl };
    expect((await tryPause(headers)).status).toBe(403);
    const byTrpc = await web.fetch('/trpc/runs.cancel', {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify({ id: 'a'.repeat(500) }),
    });
    expect(byTrpc.status).toBe(403);
    const rows = await refusedIn(tenant.id);
    expect(rows.map((row) => [row.actor_kind, row.action])).toEqual([
      ['user', 'pipeline.pause'],
      ['user', 'run.cancel'],
    ]);
    expect(rows[1]?.target_id).toHaveLength(320);
  });

  it('when it names another tenant, comes from another site, or the tenant is suspended', async () => {
    const key = await makeKey(db, await newTenant());
    const cookie = await makeSession(db, tenant);
    expect((await tryPause({ ...bearer(key), 'x-tenant-id': 'another' })).status).toBe(403);
    expect((await tryPause({ cookie, origin: 'https://evil.example' })).status).toBe(403);
    await db.owner`update tenants set status = 'suspended' where id = ${tenant.id}`;
    expect((await tryPause(bearer(key))).status).toBe(403);
    expect((await refusedIn(tenant.id)).map((row) => [row.action, row.code])).toEqual([
      ['request.refuse', 'TENANT_MISMATCH'],
      ['request.refuse', 'CROSS_SITE'],
      ['request.refuse', 'TENANT_SUSPENDED'],
    ]);
  });

  it("when the key is none: in the instance's log, as nobody's", async () => {
    expect((await tryPause(bearer('ms_wrong'))).status).toBe(401);
    expect(await refusedIn(INSTANCE_LOG)).toContainEqual(
      expect.objectContaining({ actor_kind: 'anonymous', actor_id: 'unknown key', code: 'UNAUTHENTICATED' }),
    );
  });

  it('when a sign-in fails: for a member also in the log of the tenant, and never with the password', async () => {
    await newTenant();
    await db.owner`insert into memberships (tenant_id, user_id, role)
      select ${tenant.id}, id, 'viewer' from users where email = 'ada@example.org'`;
    for (const email of ['Ada@example.org ', 'stranger@example.org']) {
      const body = JSON.stringify({ email, password: 'a canary password' });
      const answer = await web.fetch('/sign-in', {
        method: 'POST',
        headers: { ...JSON_TYPE, origin: web.baseUrl },
        body,
      });
      expect(await answer.json()).toEqual({ ok: false });
    }
    const row = { actor_kind: 'anonymous', action: 'session.open', code: 'LOGIN_FAILED' };
    expect(await refusedIn(tenant.id)).toMatchObject([{ ...row, actor_id: 'ada@example.org' }]);
    const atInstance = await refusedIn(INSTANCE_LOG);
    for (const actor_id of ['ada@example.org', 'stranger@example.org'])
      expect(atInstance).toContainEqual(expect.objectContaining({ ...row, actor_id }));
    const all = await db.owner<{ text: string }[]>`select a::text as text from audit_log a`;
    expect(all.some(({ text }) => text.includes('canary'))).toBe(false);
  });
});

describe('an attacker', () => {
  it('who tries a thousand times in a minute fills two rows, and none of the tries is lost from the count', async () => {
    const key = await makeKey(db, await newTenant(), ['pipelines:read']);
    for (let round = 0; round < 20; round += 1)
      await Promise.all(Array.from({ length: 50 }, () => tryPause(bearer(key)).then((answer) => answer.text())));
    const rows = await refusedIn(tenant.id);
    // A minute may have turned meanwhile.
    expect(rows.length).toBeLessThanOrEqual(6);
    expect(rows.reduce((sum, row) => sum + row.details.count, 0)).toBe(1_000);
  });

  it('who varies account names fills no more than a bounded part', async () => {
    const before = (await refusedIn(INSTANCE_LOG)).length;
    for (let n = 0; n < 500; n += 1) {
      const refused = { email: `nobody-${n}@example.org`, address: null, code: 'LOGIN_FAILED', requestId: '' } as const;
      await recordSignInRefusal(db.app, log, refused);
    }
    expect((await refusedIn(INSTANCE_LOG)).length - before).toBeLessThanOrEqual(3 * 42);
  });
});
