import type { VitestFailure, VitestOutcome } from './vitest-outcome.ts';

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

/** A failure on a line: where, which test, why. */
export function formatFailure({ file, name, message }: VitestFailure): string {
  return [file ?? 'no file', name, message].filter(Boolean).join(' > ');
}

/**
 * Counts what vitest saw. A file that could not be loaded counts as one failure, and so does an exit code that no
 * test accounts for (an error that no test caught, a failed set-up, no report at all).
 */
export function tallyVitest(outcome: VitestOutcome | null, exitCode: number): Tally {
  return withExitCode((outcome?.files ?? []).reduce(addTallies, emptyTally), exitCode);
}

/**
 * The files to run a second time, in a fresh process: those in which something failed. None when a failure belongs to
 * no file, or when so many failed that chance is no explanation.
 */
export function filesToRepeat(outcome: VitestOutcome | null, mostFiles: number): string[] {
  const failures = outcome?.failures ?? [];
  const files = [...new Set(failures.map(({ file }) => file))].filter((file) => file !== null);
  return files.length <= mostFiles && failures.every(({ file }) => file !== null) ? files : [];
}

/** The first run with the repeated files' counts and failures in the place of their own. */
export function mergeRepeated(first: VitestOutcome, repeated: VitestOutcome): VitestOutcome {
  const again = new Set(repeated.files.map(({ file }) => file));
  return {
    files: [...first.files.filter(({ file }) => !again.has(file)), ...repeated.files],
    failures: [...first.failures.filter(({ file }) => file === null || !again.has(file)), ...repeated.failures],
  };
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
