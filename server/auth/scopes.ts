import type { Actor, Role } from '#server/tenancy/index.ts';

/** Everything a caller may be allowed to do, as `<thing>:<read|write>`. */
export const SCOPES = [
  'pipelines:read',
  'pipelines:write',
  'runs:read',
  'runs:write',
  'schedules:read',
  'schedules:write',
  'outbox:read',
  'outbox:write',
  'interactions:read',
  'interactions:write',
  'retention:read',
  'retention:write',
  'dsar:read',
  'dsar:write',
  'alerts:read',
  'alerts:write',
  'reports:read',
  'reports:write',
  'models:read',
  'models:write',
  'approvals:read',
  'approvals:write',
  'governance:write',
  'connections:read',
  'connections:write',
  'limits:read',
  'stops:read',
  'stops:write',
  'audit:read',
  'audit:write',
  'users:read',
  'users:write',
  'keys:read',
  'keys:write',
  'account:read',
  'account:write',
  'tenants:read',
  'tenants:write',
  'instance:read',
  'instance:write',
] as const;
export type Scope = (typeof SCOPES)[number];

/** One's own account belongs to a person and the tenants to the instance operator: no key can be given these. */
const isOfPeople = (scope: Scope) => /^(account|tenants|instance):/.test(scope);

/** What a key can be given. */
export const KEY_SCOPES = SCOPES.filter((scope) => !isOfPeople(scope));

/** Who else is here, which keys there are, what other systems are reached, and who asked for their data, is for admins. */
const isOfAdmins = (scope: Scope) => /^(dsar|users|keys|connections|audit):/.test(scope);

const READ = KEY_SCOPES.filter((scope) => scope.endsWith(':read') && !isOfAdmins(scope));

/** What a role allows: a viewer reads, an operator also runs and pauses, an admin changes documents and people too. */
export const ROLE_SCOPES: Record<Role, readonly Scope[]> = {
  viewer: READ,
  operator: [
    ...READ,
    'runs:write',
    'schedules:write',
    'outbox:write',
    'alerts:write',
    'reports:write',
    'models:write',
    'approvals:write',
    'interactions:write',
    'connections:read',
    'stops:write',
  ],
  admin: KEY_SCOPES,
};

/** Everything the actor may do. A person without a tenant has the role viewer, and no tenant to use it in. */
export const scopesOf = (actor: Actor): Scope[] => SCOPES.filter((scope) => hasScope(actor, scope));

export function hasScope(actor: Actor, scope: Scope): boolean {
  if (actor.kind === 'system') return true;
  // Every credential may ask whose it is.
  if (scope === 'account:read') return true;
  if (actor.kind === 'api_key') return !isOfPeople(scope) && actor.scopes.includes(scope);
  if (scope === 'account:write') return true;
  if (isOfPeople(scope)) return actor.isInstanceOperator;
  return ROLE_SCOPES[actor.role].includes(scope);
}

/** Nobody gives away what they do not have: neither to a key nor, as a role, to a person. */
export const mayGive = (actor: Actor, scopes: readonly Scope[]): boolean =>
  scopes.every((scope) => hasScope(actor, scope));
