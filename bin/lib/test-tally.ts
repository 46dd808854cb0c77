/** How many tests ended how. */
export type Tally = { passed: number; failed: number; skipped: number };

export const emptyTally: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Both together. */
export function addTallies(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** `N passed, N failed, N skipped`: the last line of bin/test, which programs read. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

type VitestReport = {
  testResults?: { status?: string; assertionResults?: { status?: string }[] }[];
};

/**
 * Reads vitest's JSON report. A file that could not even be loaded counts as one failure, and so does an exit code
 * that no test accounts for (an unhandled rejection, a failed set-up, no report at all).
 */
export function tallyVitest(report: unknown, exitCode: number): Tally {
  const files = (report as VitestReport | null)?.testResults ?? [];
  const tally = { ...emptyTally };
  for (const file of files) {
    const tests = file.assertionResults ?? [];
    const failedTests = tests.filter(({ status }) => status === 'failed').length;
    tally.passed += tests.filter(({ status }) => status === 'passed').length;
    tally.skipped += tests.filter(({ status }) => status !== 'passed' && status !== 'failed').length;
    tally.failed += failedTests === 0 && file.status === 'failed' ? 1 : failedTests;
  }
  return withExitCode(tally, exitCode);
}

type PlaywrightReport = { stats?: { expected?: number; unexpected?: number; flaky?: number; skipped?: number } };

/**
 * Reads Playwright's JSON report. A test that passed when it was repeated in a fresh browser has passed; Playwright's
 * own list names it as flaky. An exit code that no test accounts for is a failure.
 */
export function tallyPlaywright(report: unknown, exitCode: number): Tally {
  const stats = (report as PlaywrightReport | null)?.stats ?? {};
  const tally = {
    passed: (stats.expected ?? 0) + (stats.flaky ?? 0),
    failed: stats.unexpected ?? 0,
    skipped: stats.skipped ?? 0,
  };
  return withExitCode(tally, exitCode);
}

function withExitCode(tally: Tally, exitCode: number): Tally {
  return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}
