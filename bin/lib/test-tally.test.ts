import { describe, expect, it } from 'vitest';
import { addTallies, formatTally, tallyPlaywright, tallyVitest } from './test-tally.ts';

describe('the last line of bin/test', () => {
  it('sums what every runner saw', () => {
    const sum = addTallies({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 });
    expect(formatTally(sum)).toBe('11 passed, 22 failed, 33 skipped');
  });

  it('counts each test of vitest by its status, and todo as skipped', () => {
    const assertionResults = ['passed', 'passed', 'failed', 'skipped', 'pending', 'todo'].map((status) => ({ status }));
    const report = { testResults: [{ status: 'failed', assertionResults }] };
    expect(tallyVitest(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 3 });
  });

  it('counts a test file that could not be loaded as a failure', () => {
    const report = { testResults: [{ status: 'failed', assertionResults: [] }] };
    expect(tallyVitest(report, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('does not call a run good that ended badly although each test passed', () => {
    const report = { testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }] };
    expect(tallyVitest(report, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(tallyVitest(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(tallyPlaywright(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts a browser test that passed when it was repeated as passed', () => {
    const report = { stats: { expected: 4, unexpected: 1, flaky: 1, skipped: 2 } };
    expect(tallyPlaywright(report, 1)).toEqual({ passed: 5, failed: 1, skipped: 2 });
  });
});
