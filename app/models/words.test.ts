import { expect, it } from 'vitest';
import { versionLook } from './words.ts';

it.each([
  [{ status: 'ready', isLive: true, wasLive: true }, 'Live'],
  [{ status: 'ready', isLive: false, wasLive: true }, 'Was live'],
  [{ status: 'ready', isLive: false, wasLive: false }, 'Not promoted'],
  [{ status: 'failed', isLive: false, wasLive: false }, 'Failed'],
  [{ status: 'training', isLive: false, wasLive: false }, 'Training'],
] as const)('a version that is %j is shown as %s', (version, label) => {
  expect(versionLook(version).label).toBe(label);
});
