import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** A test that failed, a file that could not be loaded (no name), or an error that no test caught (no name). */
export type VitestFailure = { file: string | null; name: string | null; message: string };

/** What a run of vitest came to: each test file with its counts, and everything that failed. */
export type VitestOutcome = {
  files: { file: string; passed: number; failed: number; skipped: number }[];
  failures: VitestFailure[];
};

/**
 * Writes a run's outcome as JSON to `outputFile`. vitest's own JSON report leaves out the errors that no test caught,
 * although they fail the run: with it a failed run may name no failure.
 */
export default class OutcomeReporter implements Reporter {
  #rootDir = '';
  #outputFile = '';

  onInit(vitest: { config: { root: string; outputFile?: string | Record<string, string> } }): void {
    this.#rootDir = vitest.config.root;
    this.#outputFile = String(vitest.config.outputFile);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly object[]): void {
    const outcome: VitestOutcome = { files: [], failures: [] };
    for (const module of modules) {
      const file = relative(this.#rootDir, module.moduleId);
      const count = { file, passed: 0, failed: 0, skipped: 0 };
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        count[state === 'passed' || state === 'failed' ? state : 'skipped']++;
        if (state === 'failed') outcome.failures.push({ file, name: test.fullName, message: firstLine(errors?.[0]) });
      }
      // A hook that failed belongs to no test: it is kept by the suite, as an import that failed is by the file.
      const suites = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors());
      for (const error of suites) outcome.failures.push({ file, name: null, message: firstLine(error) });
      // A file whose worker died ends in no state of its own; its tests did not run, so it did not pass.
      if (suites.length === 0 && !['passed', 'failed', 'skipped'].includes(module.state())) {
        outcome.failures.push({ file, name: null, message: `did not run to its end: ${module.state()}` });
        count.failed += 1;
      }
      if (suites.length > 0 && count.failed === 0) count.failed = 1;
      outcome.files.push(count);
    }
    for (const error of unhandled) {
      const path = (error as { VITEST_TEST_PATH?: string }).VITEST_TEST_PATH;
      outcome.failures.push({
        file: path ? relative(this.#rootDir, path) : null,
        name: null,
        message: `caught by no test: ${firstLine(error)}`,
      });
    }
    writeFileSync(this.#outputFile, JSON.stringify(outcome));
  }
}

function firstLine(error: object | undefined): string {
  const message = (error as { message?: string } | undefined)?.message ?? 'failed without a message';
  return message.split('\n', 1)[0] ?? '';
}
