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
  'interactions:write',
] as const;
export type Scope = (typeof SCOPES)[number];

const READ = SCOPES.filter((scope) => scope.endsWith(':read'));

/** What a role allows: a viewer reads, an operator also runs and pauses, an admin also changes documents. */
const ROLE_SCOPES: Record<Role, readonly Scope[]> = {
  viewer: READ,
  operator: [...READ, 'runs:write', 'schedules:write', 'outbox:write', 'interactions:write'],
  admin: SCOPES,
};

export function hasScope(actor: Actor, scope: Scope): boolean {
  if (actor.kind === 'system') return true;
  if (actor.kind === 'api_key') return actor.scopes.includes(scope);
  return ROLE_SCOPES[actor.role].includes(scope);
}
