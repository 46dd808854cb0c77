// Holds docs/guarantees.md to the tests it names.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), 'utf8');

/** Lines of the form: | promise | `file`: “test name” | exists | */
const rows = read('docs/guarantees.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Promise'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the page makes promises', () => {
  expect(rows.length).toBeGreaterThan(10);
});

test.each(rows.map(([, promise, proof, status]) => [promise, proof, status]))('%s', (_promise, proof, status) => {
  expect(status).toMatch(/^(exists|planned)$/);
  if (status === 'planned') return;
  const named = [...(proof ?? '').matchAll(/`([^`]+)`: “([^”]+)”/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, file, name] of named) expect(read(file!)).toContain(name);
});
