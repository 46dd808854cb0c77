import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const rootDir = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** The second check of a day looks only at what changed since the first. */
const incremental = ['--incremental', '--tsBuildInfoFile', 'node_modules/.cache/check.tsbuildinfo'];

type Part = { name: string; script: string; args: string[] };

/** What can be said about the sources in seconds, without a database. Each part is one of Node's own processes. */
const parts: Part[] = [
  {
    name: 'format and lint',
    script: 'node_modules/@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings', '.'],
  },
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['-p', '.', '--noEmit', ...incremental] },
  { name: 'import ladder', script: 'bin/lib/ladder.ts', args: [] },
  { name: 'generated files', script: 'bin/lib/generate.ts', args: ['--check'] },
];

export type CheckResult = { passed: number; failed: number };

/** Runs the parts side by side and prints what failed; a failure does not keep the others from running. */
export async function runChecks(): Promise<CheckResult> {
  const result: CheckResult = { passed: 0, failed: 0 };
  await Promise.all(
    parts.map(async (part) => {
      const startedAtMs = Date.now();
      const { code, output } = await runNode(part);
      const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
      if (code === 0) result.passed += 1;
      else result.failed += 1;
      const shown = code === 0 ? '' : `${output.trimEnd()}\n`;
      process.stdout.write(`${shown}check: ${part.name}: ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
    }),
  );
  return result;
}

function runNode(part: Part): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(rootDir, part.script), ...part.args], {
      cwd: rootDir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', (error) => done({ code: 1, output: error.message }));
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}

if (process.argv[1] && existsSync(process.argv[1]) && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { failed } = await runChecks();
  process.exit(failed > 0 ? 1 : 0);
}
