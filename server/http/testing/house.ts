// Two web processes' worth of routes on one database (a pool and a port each), and people to ask them.
import { afterAll } from 'vitest';
import { openPool } from '#db/client.ts';
import type { TestDatabase } from '#db/testing/index.ts';
import { hashPassword, hashToken, newToken } from '#server/lib/index.ts';
import { createTenant, type Role, type Tenant } from '#server/tenancy/index.ts';
import { openWeb } from './index.ts';

export type Answer = { status: number; body: Record<string, unknown> };
/** Asks both processes in turn, so that what one changed the other must know at its next request. */
export type Ask = (route: string, body?: object, headers?: Record<string, string>) => Promise<Answer>;

export type House = Awaited<ReturnType<typeof openHouse>>;

export async function openHouse(db: TestDatabase) {
  const otherPool = openPool({ url: db.appUrl, max: 4, applicationName: 'test 2' });
  afterAll(() => otherPool.end({ timeout: 2 }));
  const webs = [await openWeb(db), await openWeb(db, { pool: otherPool })] as const;
  let turn = 0;

  /** `GET /me`, `POST /users/…`, below /api/v1. */
  async function ask(route: string, body: object | undefined, headers: Record<string, string>): Promise<Answer> {
    turn += 1;
    const web = webs[turn % 2]!;
    const [method = 'GET', path = ''] = route.split(' ');
    const response = await web.fetch(`/api/v1${path}`, {
      method,
      headers: {
        ...('cookie' in headers ? { origin: web.baseUrl } : {}),
        ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  return {
    webs,
    tenant: (slug: string): Promise<Tenant> => createTenant(db.owner, { slug, name: `Tenant ${slug}` }),
    /** A user row with memberships; a password costs a third of a second. */
    async person(
      email: string,
      roles: [Tenant, Role][],
      more: { password?: string; isInstanceOperator?: boolean } = {},
    ): Promise<string> {
      const hash = more.password === undefined ? null : await hashPassword(more.password);
      const [user] = await db.owner<
        { id: string }[]
      >`insert into users (email, name, password_hash, is_instance_operator)
        values (${email}, ${email.split('@')[0]!}, ${hash}, ${more.isInstanceOperator ?? false}) returning id`;
      for (const [tenant, role] of roles)
        await db.owner`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user!.id}, ${role})`;
      return user!.id;
    },
    /** A new session of the person. */
    async session(userId: string): Promise<{ ask: Ask; cookie: string; token: string }> {
      const token = newToken();
      await db.app`select auth_session_open(${userId}, ${hashToken(token)}, 'a test browser', 3600)`;
      const cookie = `mainspring_session=${token}`;
      return { ask: (route, body, headers) => ask(route, body, { cookie, ...headers }), cookie, token };
    },
    withKey:
      (key: string): Ask =>
      (route, body, headers) =>
        ask(route, body, { authorization: `Bearer ${key}`, ...headers }),
    anonymous: ((route, body, headers) => ask(route, body, headers ?? {})) satisfies Ask as Ask,
    /** Audit rows of the tenant (or the instance's log), oldest first. */
    audit: (tenantId: string) => db.owner<
      { action: string; actorId: string; targetKind: string; targetId: string; details: Record<string, unknown> }[]
    >`select action, actor_id as "actorId", target_kind as "targetKind", target_id as "targetId", details
        from audit_log where tenant_id = ${tenantId} and outcome = 'done' order by id`,
  };
}
