// From a request's headers to who is calling. Keys and sessions are looked up by security-definer functions,
// because no tenant is set yet.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { hashToken, query, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import type { Actor, Role, Tenant } from '#server/tenancy/index.ts';
import { apiKeyOf } from './api-key.ts';
import { refusedTo } from './refused-caller.ts';
import { sessionTokenOf } from './session-cookie.ts';

export type Caller = {
  /** Which door: a cookie needs the CSRF guard, a key does not. */
  credential: 'session' | 'api_key';
  actor: Actor;
  userName: string;
  /** Null: a user who belongs to no active tenant. */
  tenant: Tenant | null;
};

type KeyRow = {
  key_id: string;
  tenant_id: string;
  tenant_slug: string;
  tenant_name: string;
  tenant_status: string;
  scopes: string[];
};
type SessionRow = {
  session_id: string;
  user_id: string;
  email: string;
  user_name: string;
  is_instance_operator: boolean;
  tenant_id: string | null;
  tenant_slug: string | null;
  tenant_name: string | null;
  tenant_status: string | null;
  role: Role | null;
};

type SessionUse = {
  /** After so long without a sign of its person a session ends. */
  idleSeconds: number;
  /** Whether the request is such a sign. */
  isSign: boolean;
};

/**
 * The caller, or null when the request carries no credential. A key wins over a cookie. Being asked keeps a session
 * awake, unless it is said that nobody was there to ask; as used it counts all the same.
 * @throws ServiceError UNAUTHENTICATED for a credential that is wrong, expired or revoked; TENANT_MISMATCH,
 * TENANT_SUSPENDED.
 */
export async function authenticate(
  pool: Pool,
  headers: Headers,
  idleSeconds: number,
  { isAttended = true }: { isAttended?: boolean } = {},
): Promise<Caller | null> {
  const key = apiKeyOf(headers);
  const token = key === null ? sessionTokenOf(headers) : null;
  const use = { idleSeconds, isSign: isAttended };
  const caller = key !== null ? await byKey(pool, key) : token !== null ? await bySession(pool, token, use) : null;
  const wanted = headers.get('x-tenant-id');
  if (caller && wanted && wanted !== caller.tenant?.id && wanted !== caller.tenant?.slug)
    throw refusedTo(
      { tenantId: caller.tenant?.id ?? null, actor: caller.actor },
      new ServiceError('TENANT_MISMATCH', `X-Tenant-Id "${wanted.slice(0, 64)}" is not the tenant of this credential`),
    );
  return caller;
}

async function byKey(pool: Pool, key: string): Promise<Caller> {
  const [row] = await transaction(pool, {}, (tx) => query<KeyRow>(tx, sql`select * from auth_key(${hashToken(key)})`));
  if (!row) throw new ServiceError('UNAUTHENTICATED', 'the API key is unknown, expired or revoked');
  const actor = { kind: 'api_key', id: row.key_id, scopes: row.scopes } as const;
  if (row.tenant_status !== 'active')
    throw refusedTo(
      { tenantId: row.tenant_id, actor },
      new ServiceError('TENANT_SUSPENDED', `tenant "${row.tenant_slug}" is suspended`),
    );
  return {
    credential: 'api_key',
    actor,
    userName: '',
    tenant: { id: row.tenant_id, slug: row.tenant_slug, name: row.tenant_name },
  };
}

/** A cookie that no longer counts is like none: the page sends its bearer to the login. */
async function bySession(pool: Pool, token: string, use: SessionUse): Promise<Caller | null> {
  const { idleSeconds } = use;
  const row = await transaction(pool, {}, (tx) => findSession(tx, token, use));
  if (!row) return null;
  const isMember = row.tenant_id !== null && row.tenant_status === 'active';
  return {
    credential: 'session',
    actor: {
      kind: 'user',
      id: row.user_id,
      email: row.email,
      role: row.role ?? 'viewer',
      isInstanceOperator: row.is_instance_operator,
      session: { id: row.session_id, idleSeconds },
    },
    userName: row.user_name,
    tenant: isMember ? { id: row.tenant_id!, slug: row.tenant_slug!, name: row.tenant_name! } : null,
  };
}

/** Looking a session up moves when it was last used; when it was last seen only by a sign of its person. */
async function findSession(tx: Tx, token: string, { idleSeconds, isSign }: SessionUse): Promise<SessionRow | null> {
  const [row] = await query<SessionRow>(
    tx,
    sql`select * from auth_session(${hashToken(token)}, ${idleSeconds}::int, ${isSign}::boolean)`,
  );
  return row ?? null;
}
