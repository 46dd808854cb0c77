import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { ERROR_CODES } from './errors.ts';

it('has every code of every area in the one table, and no code in two areas', async () => {
  const files = globSync('*.ts', { cwd: join(import.meta.dirname, 'error-codes') });
  const names = files.map((file) => basename(file, '.ts')).filter((name) => name !== 'error-row');
  const areas = await Promise.all(
    names.map((name): Promise<Record<string, object>> => import(`./error-codes/${name}.ts`)),
  );
  const codes = areas.flatMap((area) => Object.values(area).flatMap((table) => Object.keys(table)));
  expect(codes.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
});
