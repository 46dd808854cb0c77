import { expect, it } from 'vitest';
import { type ComponentStatus, type Health, isAllWell } from './health.ts';

const seen = (over: Record<string, ComponentStatus>): Health => {
  const names = ['database', 'scheduler', 'runner', 'publisher', 'alerts'];
  const statuses = { ...Object.fromEntries(names.map((name) => [name, 'ok'])), ...over };
  const components = Object.fromEntries(Object.entries(statuses).map(([name, status]) => [name, { status }]));
  return { status: 'degraded', components: components as Health['components'] };
};

it.each([
  [true, {}],
  [true, { publisher: 'degraded' }],
  [true, { publisher: 'degraded', kafka: 'degraded' }],
  [false, { publisher: 'down' }],
  [false, { kafka: 'down' }],
  [false, { publisher: 'unknown' }],
  [false, { scheduler: 'degraded' }],
  [false, { alerts: 'degraded' }],
  [false, { database: 'down' }],
] as const)('says %s to whoever watches from outside when %j', (expected, over) => {
  expect(isAllWell(seen(over))).toBe(expected);
});
