import { expect, it } from 'vitest';
import { publisherStopMs, workerStopMs } from './publisher-settings.ts';

it('never ends a worker before the longer of its two drains', () => {
  const env = { OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS: 30_000, SHUTDOWN_DRAIN_SECONDS: 15, OUTBOX_IN_WORKER: true };
  expect(workerStopMs(env)).toBeGreaterThan(publisherStopMs(env));
  expect(publisherStopMs(env)).toBeGreaterThan(30_000);
  expect(workerStopMs({ ...env, OUTBOX_IN_WORKER: false })).toBe(20_000);
  expect(workerStopMs({ ...env, SHUTDOWN_DRAIN_SECONDS: 60 })).toBe(65_000);
});
