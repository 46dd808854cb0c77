import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('one file writes which version is live, so that there is no door past the approval', () => {
  const writes = /\.set\(\s*\{[^}]*\bliveVersion\b|update\s+(public\.)?pipelines\b[^`;]*\blive_version\s*=/i;
  const files = globSync(['server/**/*.ts', 'workers/**/*.ts', 'app/**/*.ts', 'bin/**/*.ts', 'db/migrations/*.sql']);
  const writers = files.filter((path) => !/\.test\.ts$/.test(path) && writes.test(readFileSync(path, 'utf8')));
  expect(files.length).toBeGreaterThan(500);
  expect(writers).toEqual(['server/pipelines/publish-version.ts']);
});
