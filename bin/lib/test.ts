import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runChecks } from './check.ts';
import {
  addTallies,
  emptyTally,
  filesToRepeat,
  formatFailure,
  formatTally,
  mergeRepeated,
  type Tally,
  tallyPlaywright,
  tallyVitest,
} from './test-tally.ts';
import { ensureTools } from './tools.ts';
import type { VitestOutcome } from './vitest-outcome.ts';

const rootDir = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const resultsDir = join(rootDir, 'test-results');
const isComplete = process.env.REQUIRE_ALL === '1';

const help = `bin/test                 runs every test; the last line is "N passed, N failed, N skipped"
bin/test check unit      runs only these: check, unit, db, e2e

REQUIRE_ALL=1 makes a missing component a failure instead of a skip. TEST_DATABASE_URL names a PostgreSQL server (16
or newer, its owner's address) to use in place of the embedded one.`;

const stages: { name: string; run: () => Promise<Tally> }[] = [
  { name: 'check', run: async () => ({ ...(await runChecks()), skipped: 0 }) },
  { name: 'unit', run: () => runWithTools('unit') },
  { name: 'db', run: () => runWithTools('db') },
  { name: 'e2e', run: runPlaywright },
];

/** What the last lines say beside the counts: a long run's log may have lost everything but its end. */
const closing: string[] = [];

/** More failed files than these are no accident of a busy machine. */
const MOST_FILES_TO_REPEAT = 4;

/**
 * Runs a project. On a complete run the few files in which something failed are run once more in a fresh process, on
 * a fresh database: one lost race of a busy machine must not hide the result of everything else. What passed only
 * the second time is named in the last lines.
 */
async function runVitest(project: string): Promise<Tally> {
  const first = await runVitestOnce(project, []);
  const files = isComplete && first.outcome ? filesToRepeat(first.outcome, MOST_FILES_TO_REPEAT) : [];
  if (!first.outcome || files.length === 0) {
    for (const failure of first.outcome?.failures ?? []) closing.push(`FAILED: ${formatFailure(failure)}`);
    return tallyVitest(first.outcome, first.exitCode);
  }
  console.log(`\n── ${project}, once more: ${files.join(' ')}`);
  const second = await runVitestOnce(project, files);
  for (const failure of first.outcome.failures) closing.push(`FAILED AT FIRST: ${formatFailure(failure)}`);
  for (const failure of second.outcome?.failures ?? []) closing.push(`FAILED AGAIN: ${formatFailure(failure)}`);
  const outcome = second.outcome ? mergeRepeated(first.outcome, second.outcome) : first.outcome;
  return tallyVitest(outcome, second.exitCode);
}

async function runVitestOnce(project: string, files: string[]) {
  const report = join(resultsDir, `${project}${files.length > 0 ? '-again' : ''}.json`);
  const cli = join(rootDir, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=./bin/lib/vitest-outcome.ts', `--outputFile=${report}`];
  const exitCode = await runNode([cli, 'run', '--project', project, ...reporters, ...files], {});
  return { outcome: (await readReport(report)) as VitestOutcome | null, exitCode };
}

/** The components that a stage's tests use; they skip by themselves what could not be had. */
const TOOLS = {
  unit: ['promtool'],
  db: ['kafka', 'toxiproxy', 'versitygw', 'opensearch', 'schemathesis', 'pgbouncer'],
} as const;

function runWithTools(project: keyof typeof TOOLS): Promise<Tally> {
  for (const { name, path, reason } of ensureTools(TOOLS[project]))
    if (!path) process.stdout.write(`SKIPPED: tests with ${name}, because it ${reason}\n`);
  return runVitest(project);
}

async function runPlaywright(): Promise<Tally> {
  const [browser, kafka] = ensureTools(['chromium', 'kafka']);
  if (kafka && !kafka.path)
    process.stdout.write(`SKIPPED: browser tests with ${kafka.name}, because it ${kafka.reason}\n`);
  const cli = join(rootDir, 'node_modules/@playwright/test/cli.js');
  const report = join(resultsDir, 'e2e.json');
  const env = { PLAYWRIGHT_JSON_OUTPUT_NAME: report };
  if (browser?.path) {
    const exitCode = await runNode([cli, 'test', '--reporter=list,json'], env);
    return tallyPlaywright(await readReport(report), exitCode);
  }
  process.stdout.write(`SKIPPED: the browser tests, because chromium ${browser?.reason}\n`);
  if (isComplete) return { passed: 0, failed: 1, skipped: 0 };
  await runNode([cli, 'test', '--list', '--reporter=json'], env);
  const { passed, failed, skipped } = tallyPlaywright(await readReport(report), 0);
  return { passed: 0, failed: 0, skipped: Math.max(1, passed + failed + skipped) };
}

function runNode(args: string[], env: Record<string, string>): Promise<number> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: rootDir,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', () => done(1));
    child.once('close', (code) => done(code ?? 1));
  });
}

async function readReport(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const unknown = positionals.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(
    `bin/test knows no "${unknown.join('", "')}"; it knows ${stages.map((stage) => stage.name).join(', ')}`,
  );
  process.exit(2);
}
await rm(resultsDir, { recursive: true, force: true });
await mkdir(resultsDir, { recursive: true });
let total = emptyTally;
for (const stage of stages) {
  if (positionals.length > 0 && !positionals.includes(stage.name)) continue;
  console.log(`\n── ${stage.name} ${'─'.repeat(70 - stage.name.length)}`);
  const startedAtMs = Date.now();
  const tally = await stage.run();
  console.log(`${stage.name}: ${formatTally(tally)} (${Math.round((Date.now() - startedAtMs) / 1000)} s)`);
  total = addTallies(total, tally);
}
for (const line of closing) console.log(line);
console.log(`\n${formatTally(total)}`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
