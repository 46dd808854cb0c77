import { describe, expect, it } from 'vitest';
import type { Actor, Role } from '#server/tenancy/index.ts';
import { hasScope, KEY_SCOPES, mayGive, ROLE_SCOPES, SCOPES, scopesOf } from './scopes.ts';

const user = (role: Role, isInstanceOperator = false): Actor => ({
  ...{ kind: 'user', id: 'u', email: 'u@example.org', role, isInstanceOperator },
});
const key = (scopes: string[]): Actor => ({ kind: 'api_key', id: 'k', scopes });
const OWN = ['account:read', 'account:write'];
const INSTANCE = ['tenants:read', 'tenants:write', 'instance:read', 'instance:write'];
const reading = KEY_SCOPES.filter(
  (scope) => /:read$/.test(scope) && !/^(dsar|users|keys|connections|audit):/.test(scope),
);

describe('scopes', () => {
  it('let a viewer read only, and neither see who else is here nor which keys there are', () => {
    expect(scopesOf(user('viewer'))).toEqual([...reading, ...OWN]);
  });

  it('let an operator run and pause but change neither documents nor people', () => {
    const missing = KEY_SCOPES.filter((scope) => !hasScope(user('operator'), scope));
    expect(missing).toEqual([
      'pipelines:write',
      'retention:write',
      'dsar:read',
      'dsar:write',
      'governance:write',
      'connections:write',
      'audit:read',
      'audit:write',
      'users:read',
      'users:write',
      'keys:read',
      'keys:write',
    ]);
  });

  it('let an admin do everything in the tenant and nothing above it', () => {
    expect(scopesOf(user('admin'))).toEqual([...KEY_SCOPES, ...OWN]);
  });

  it('let the instance operator see to tenants, whatever their role in one', () => {
    expect(scopesOf(user('viewer', true))).toEqual([...reading, ...OWN, ...INSTANCE]);
  });

  it('of a key are those it was given, letter by letter, and never those of people', () => {
    expect(scopesOf(key(['runs:write', 'runs:*', 'PIPELINES:READ', 'account:write', 'tenants:write']))).toEqual([
      'runs:write',
      'account:read',
    ]);
    expect(scopesOf(key([]))).toEqual(['account:read']);
    expect(SCOPES.filter((scope) => !KEY_SCOPES.includes(scope))).toEqual([...OWN, ...INSTANCE]);
  });

  it('can be given away by those only who have them', () => {
    expect(mayGive(user('admin'), KEY_SCOPES)).toBe(true);
    expect(mayGive(user('operator'), ROLE_SCOPES.viewer)).toBe(true);
    expect(mayGive(user('operator'), ROLE_SCOPES.admin)).toBe(false);
    expect(mayGive(key(['users:write', 'runs:read']), ['runs:read'])).toBe(true);
    expect(mayGive(key(['users:write', 'runs:read']), ROLE_SCOPES.viewer)).toBe(false);
  });
});
