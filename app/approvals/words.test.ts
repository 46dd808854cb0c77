import { expect, it } from 'vitest';
import { selectorsOf } from './words.ts';

it('labels of a form are one a line, and a comma is part of the value', () => {
  expect(selectorsOf('team:a,b\r\n env:prod \n\ncritical')).toEqual(['team:a,b', 'env:prod', 'critical']);
  const kept = ['team:a,b', 'note:x, y'];
  expect(selectorsOf(kept.join('\n'))).toEqual(kept);
});
