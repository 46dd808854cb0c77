// Who may call an operation at all, before it is asked whether they may do it in this tenant.
import { ServiceError } from '#server/lib/index.ts';
import { type Actor, INSTALLATION, type Tenant } from '#server/tenancy/index.ts';
import type { Caller } from './authenticate.ts';
import { hasScope, type Scope } from './scopes.ts';

/**
 * - tenant: a key or a person, in an active tenant; the rule
 * - credential: the same, and a person without a tenant
 * - person: a signed-in person, with or without a tenant; no key
 * - instance: a signed-in instance operator, outside all tenants; no key
 */
export type Audience = 'tenant' | 'credential' | 'person' | 'instance';

/**
 * For whom and in which tenant the operation runs; INSTALLATION where there is none.
 * @throws ServiceError UNAUTHENTICATED, TENANT_REQUIRED, FORBIDDEN
 */
export function admit(
  caller: Caller | null,
  asked: { audience?: Audience; scope: Scope },
): { tenant: Tenant; actor: Actor } {
  const audience = asked.audience ?? 'tenant';
  if (!caller) throw new ServiceError('UNAUTHENTICATED', 'sign in, or send an API key as Authorization: Bearer ms_…');
  const { actor, tenant } = caller;
  const isForPeople = audience === 'person' || audience === 'instance';
  if (isForPeople && caller.credential !== 'session')
    throw new ServiceError('FORBIDDEN', 'this is for people who are signed in, not for keys', { scope: asked.scope });
  if (audience === 'tenant' && !tenant) throw new ServiceError('TENANT_REQUIRED');
  if (!hasScope(actor, asked.scope))
    throw new ServiceError('FORBIDDEN', `this needs the scope ${asked.scope}`, { scope: asked.scope });
  return { actor, tenant: audience === 'instance' || !tenant ? INSTALLATION : tenant };
}
