import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Ways to write which version is live: an update, or a row that is made with one, by Drizzle or as SQL. */
const WRITES = [
  /\.set\(\s*\{[^}]*\bliveVersion\b/,
  /update\s+(public\.)?pipelines\b[^`;]*\blive_version\s*=/i,
  /insert\s+into\s+(public\.)?pipelines\s*\([^)]*\blive_version\b/i,
  // A row as an object of columns, however it is inserted.
  /\blive_version\s*:/,
  /\.insert\(\s*pipelines\s*\)[^;]*?\bliveVersion\b/,
];
/** What fills tables for tests. */
const FIXTURES = [
  'db/testing/filled/pipelines.ts',
  'server/scheduler/testing/ticks.ts',
  'workers/testing/cron-work.ts',
];
const writes = (text: string) => WRITES.some((pattern) => pattern.test(text));

it('one file writes which version is live, so that there is no door past the approval', () => {
  const files = globSync([
    'server/**/*.ts',
    'workers/**/*.ts',
    'app/**/*.ts',
    'bin/**/*.ts',
    'db/**/*.{ts,sql}',
    '*.ts',
  ]);
  const writers = files.filter((path) => !/\.test\.ts$/.test(path) && writes(readFileSync(path, 'utf8')));
  expect(files.length).toBeGreaterThan(500);
  expect(writers.sort()).toEqual([...FIXTURES, 'server/pipelines/publish-version.ts'].sort());
});

it.each([
  'tx.update(pipelines).set({ liveVersion: version })',
  'sql`update pipelines set updated_at = now(), live_version = 3`',
  'sql`insert into pipelines (tenant_id, name, live_version) values (1)`',
  'tx.insert(pipelines).values({ name, liveVersion: 1 })',
  'insert(tx, "pipelines", [{ name, live_version: 1 }])',
  'tx\n  .insert(pipelines)\n  .values(rows.map((row) => ({ ...row, liveVersion: 1 })))',
])('sees a door that is written as %s', (text) => {
  expect(writes(text)).toBe(true);
});

it('takes neither reading nor another table for a door', () => {
  expect(
    writes('sql`select live_version from pipelines`; tx.insert(pipelines).values({ name }); const liveVersion = 1;'),
  ).toBe(false);
  expect(writes('sql`insert into runs (pipeline_id) select id from pipelines where live_version = 1`')).toBe(false);
});
