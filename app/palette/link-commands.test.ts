import { describe, expect, it } from 'vitest';
import type { PageSession, StopState } from '#server/web/index.ts';
import { linkCommandsFor } from './link-commands.ts';

const as = (role: PageSession['role'], isInstanceOperator = false): PageSession => ({
  user: { id: 'u', email: 'u@example.org', name: null, isInstanceOperator },
  tenant: { id: 't', name: 'Acme', slug: 'acme' },
  role,
});
const stop = { reason: 'r', running: 'leave', holdsPublishing: false, stoppedBy: 'u', stoppedAt: '' } as const;
const labels = (session: PageSession, stopped: Partial<StopState> = {}) =>
  linkCommandsFor(session, { tenant: null, instance: null, ...stopped }).map(({ label }) => label);

describe('the commands that lead to a form', () => {
  it('are none for a viewer', () => {
    expect(labels(as('viewer'))).toEqual([]);
  });
  it('stop work that goes on and resume work that is stopped, never both', () => {
    expect(labels(as('operator'))).toEqual(['Stop all work of Acme…']);
    expect(labels(as('operator'), { tenant: stop })).toEqual(['Let Acme work again…']);
  });
  it('of the whole installation are for the instance operator', () => {
    const all = 'Stop all work of this installation…';
    expect(labels(as('admin'))).not.toContain(all);
    expect(labels(as('admin', true))).toContain(all);
    expect(labels(as('viewer', true), { instance: stop })).toContain('Let this installation work again…');
  });
});
