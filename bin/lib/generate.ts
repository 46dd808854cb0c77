import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pipelineJsonSchema } from '#server/ir/index.ts';
import { ERROR_CODES } from '#server/lib/index.ts';

const rootDir = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Files of the repository that are written from the code, so that the two cannot disagree. */
const generated: { path: string; make: () => string }[] = [
  { path: 'docs/errors.md', make: makeErrorTable },
  { path: 'docs/pipeline.schema.gen.json', make: () => `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n` },
];

function makeErrorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { http, says }]) => `| \`${code}\` | ${http} | ${says} |`);
  return [
    '# Error codes',
    '',
    '<!-- Written by "npm run gen" from server/lib/errors.ts. -->',
    '',
    'Every error answer has the shape `{code, message, details?, errorId}`. The message says what was wrong and what to',
    'do; the `errorId` stands in the log line of the same error.',
    '',
    '| code | HTTP | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const isCheck = process.argv.includes('--check');
let stale = 0;
for (const { path, make } of generated) {
  const file = join(rootDir, path);
  const text = make();
  if ((await readFile(file, 'utf8').catch(() => '')) === text) continue;
  if (isCheck) {
    stale += 1;
    console.error(`${path} is not what the code says any more: run "npm run gen" and commit it`);
  } else {
    await writeFile(file, text);
    console.log(`wrote ${path}`);
  }
}
process.exit(stale > 0 ? 1 : 0);
