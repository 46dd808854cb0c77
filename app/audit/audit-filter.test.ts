import { expect, it } from 'vitest';
import { auditFilter, instantOf, isNarrowed } from './audit-filter.ts';

it('takes from the address what the log can be asked, and leaves away what it says wrongly', () => {
  expect(auditFilter('http://x/ops/audit?actor=ada%40example.org&outcome=refused&from=2026-11-21T08:00')).toEqual({
    ...{ log: 'tenant', limit: 50, actor: 'ada@example.org', outcome: 'refused', from: '2026-11-21T08:00:00.000Z' },
  });
  const nonsense = auditFilter('http://x/ops/audit?outcome=maybe&from=yesterday&to=2026-13-45T99:99&actor=++');
  expect(nonsense).toEqual({ log: 'tenant', limit: 50 });
  expect(auditFilter('http://x/ops/audit?log=instance')).toEqual({ log: 'instance', limit: 50 });
  expect(isNarrowed(nonsense)).toBe(false);
  expect(isNarrowed(auditFilter('http://x/?action=pipeline.'))).toBe(true);
});

it("reads a form's time as UTC", () => {
  expect(instantOf('2026-02-03T04:05')).toBe('2026-02-03T04:05:00.000Z');
  expect(instantOf('2026-02-03')).toBeNull();
});
