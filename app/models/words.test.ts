import { expect, it } from 'vitest';
import { versionLook } from './words.ts';

it.each([
  [{ status: 'ready', phase: null, isLive: true, wasLive: true }, 'Live'],
  [{ status: 'ready', phase: null, isLive: false, wasLive: true }, 'Was live'],
  [{ status: 'ready', phase: null, isLive: false, wasLive: false }, 'Not promoted'],
  [{ status: 'failed', phase: null, isLive: false, wasLive: false }, 'Failed'],
  [{ status: 'training', phase: null, isLive: false, wasLive: false }, 'Training'],
  [{ status: 'training', phase: 'fitting', isLive: false, wasLive: false }, 'Training: fitting'],
] as const)('a version that is %j is shown as %s', (version, label) => {
  expect(versionLook(version).label).toBe(label);
});
