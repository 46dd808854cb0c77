import { describe, expect, it } from 'vitest';
import { addTallies, filesToRepeat, formatTally, mergeRepeated, tallyPlaywright, tallyVitest } from './test-tally.ts';
import type { VitestOutcome } from './vitest-outcome.ts';

const failedOnce: VitestOutcome = {
  files: [
    { file: 'a.test.ts', passed: 2, failed: 1, skipped: 3 },
    { file: 'b.test.ts', passed: 5, failed: 0, skipped: 0 },
  ],
  failures: [{ file: 'a.test.ts', name: 'adds', message: 'expected 1 to be 2' }],
};

describe('the last line of bin/test', () => {
  it('sums what every runner saw', () => {
    const sum = addTallies({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 });
    expect(formatTally(sum)).toBe('11 passed, 22 failed, 33 skipped');
  });

  it('counts the tests of every file', () => {
    expect(tallyVitest(failedOnce, 1)).toEqual({ passed: 7, failed: 1, skipped: 3 });
  });

  it('does not call a run good that ended badly although each test passed', () => {
    const outcome = { files: [{ file: 'a.test.ts', passed: 1, failed: 0, skipped: 0 }], failures: [] };
    expect(tallyVitest(outcome, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(tallyVitest(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(tallyPlaywright(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts a browser test that passed when it was repeated as passed', () => {
    const report = { stats: { expected: 4, unexpected: 1, flaky: 1, skipped: 2 } };
    expect(tallyPlaywright(report, 1)).toEqual({ passed: 5, failed: 1, skipped: 2 });
  });
});

describe('a complete run', () => {
  it('repeats the files in which something failed, unless they are many or a failure has no file', () => {
    expect(filesToRepeat(failedOnce, 1)).toEqual(['a.test.ts']);
    expect(filesToRepeat(failedOnce, 0)).toEqual([]);
    expect(filesToRepeat(null, 1)).toEqual([]);
    const unplaced = { file: null, name: null, message: 'caught by no test: lost' };
    expect(filesToRepeat({ ...failedOnce, failures: [...failedOnce.failures, unplaced] }, 2)).toEqual([]);
  });

  it('takes the second outcome of a repeated file, good or bad', () => {
    const good = { files: [{ file: 'a.test.ts', passed: 3, failed: 0, skipped: 3 }], failures: [] };
    expect(mergeRepeated(failedOnce, good)).toEqual({ files: [failedOnce.files[1], good.files[0]], failures: [] });
    expect(tallyVitest(mergeRepeated(failedOnce, failedOnce), 1).failed).toBe(1);
  });
});
