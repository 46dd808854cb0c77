import { describe, expect, it } from 'vitest';
import type { Actor, Role } from '#server/tenancy/index.ts';
import { hasScope, SCOPES } from './scopes.ts';

const user = (role: Role): Actor => ({ kind: 'user', id: 'u', email: 'u@example.org', role, isInstanceOperator: true });
const allowed = (actor: Actor) => SCOPES.filter((scope) => hasScope(actor, scope));
const reading = SCOPES.filter((scope) => scope.endsWith(':read'));

describe('scopes', () => {
  it('let a viewer read only, also one who runs the installation', () => {
    expect(allowed(user('viewer'))).toEqual(reading);
  });

  it('let an operator run and pause but not change documents', () => {
    expect(SCOPES.filter((scope) => !hasScope(user('operator'), scope))).toEqual(['pipelines:write']);
  });

  it('let an admin do everything', () => {
    expect(allowed(user('admin'))).toEqual([...SCOPES]);
  });

  it('of a key are those it was given, letter by letter', () => {
    expect(allowed({ kind: 'api_key', id: 'k', scopes: ['runs:write', 'runs:*', 'PIPELINES:READ'] })).toEqual([
      'runs:write',
    ]);
    expect(allowed({ kind: 'api_key', id: 'k', scopes: [] })).toEqual([]);
  });
});
