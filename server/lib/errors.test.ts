import { globSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from './errors.ts';

it('has every code of every area in the one table, and no code in two areas', async () => {
  const files = globSync('error-codes/*.ts', { cwd: import.meta.dirname }).filter(
    (file) => !file.endsWith('error-row.ts'),
  );
  const areas = await Promise.all(files.map((file): Promise<Record<string, object>> => import(`./${file}`)));
  const codes = areas.flatMap((area) => Object.values(area).flatMap((table) => Object.keys(table)));
  expect(codes.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
});
