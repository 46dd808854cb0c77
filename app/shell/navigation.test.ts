import { Workflow } from 'lucide-react';
import { describe, expect, it } from 'vitest';
import type { PageSession } from '#server/web/index.ts';
import { navigationFor } from './navigation.ts';

const as = (role: PageSession['role']): PageSession => ({
  user: { id: 'u', email: 'u@example.org', name: null },
  tenant: { id: 't', name: 'T', slug: 't' },
  role,
});
const addresses = (role: PageSession['role']) =>
  navigationFor(as(role)).flatMap(({ entries }) => entries.map(({ to }) => to));

describe('the main navigation', () => {
  it('leads to the scheduler, the pipelines and the runs', () => {
    expect(addresses('viewer')).toEqual(expect.arrayContaining(['/data/scheduler', '/data/pipelines', '/data/runs']));
  });
  it('shows no entry that has no page, and no group that has no entry', () => {
    const groups = [
      { label: 'Data', entries: [{ to: '/data/runs', label: 'Runs', icon: Workflow }] },
      { label: 'Nothing', entries: [{ to: '/not/there', label: 'Nothing', icon: Workflow }] },
    ];
    expect(navigationFor(as('admin'), groups).map(({ label }) => label)).toEqual(['Data']);
  });
  it('shows an entry only to those it is for', () => {
    const entry = {
      to: '/data/runs',
      label: 'Runs',
      icon: Workflow,
      isFor: ({ role }: PageSession) => role === 'admin',
    };
    const groups = [{ label: 'Data', entries: [entry] }];
    expect(navigationFor(as('viewer'), groups)).toEqual([]);
    expect(navigationFor(as('admin'), groups)).toHaveLength(1);
  });
  it('has no key that leads to two places', () => {
    const keys = navigationFor(as('admin')).flatMap(({ entries }) => entries.flatMap(({ key }) => key ?? []));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
