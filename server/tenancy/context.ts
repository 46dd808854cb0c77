// What every operation gets: for which tenant, on whose behalf, through which pool.
import type { Pool } from '#db/client.ts';
import type { Logger, Tx } from '#server/lib/index.ts';

export type Tenant = { id: string; slug: string; name: string };
/** Stands where an operation has no tenant: its rows are those of the instance's own audit log. */
export const INSTALLATION: Tenant = { id: '00000000-0000-0000-0000-000000000000', slug: '', name: 'the installation' };
export type Role = 'viewer' | 'operator' | 'admin';

/** The browser session by which a person asks. */
export type ActorSession = { id: string; idleSeconds: number };

export type Actor =
  | { kind: 'user'; id: string; email: string; role: Role; isInstanceOperator: boolean; session?: ActorSession }
  | { kind: 'api_key'; id: string; scopes: readonly string[] }
  | { kind: 'system'; id: string };

export type Ctx = {
  pool: Pool;
  tenant: Tenant;
  actor: Actor;
  requestId: string;
  log: Logger;
  /** Set inside withTransaction: operations called with this context join it. */
  tx?: Tx;
};

/** How the actor is named in rows: `user:…`, `api_key:…`, `system:…`. */
export const actorName = (actor: Actor): string => (actor.kind === 'user' ? actor.email : `${actor.kind}:${actor.id}`);
