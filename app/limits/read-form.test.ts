import { describe, expect, it } from 'vitest';
import type { Limits } from '#server/web/index.ts';
import { readLimits } from './read-form.ts';
import { toneOf } from './words.ts';

const limits: Limits = {
  requestsPerSecond: 5_000,
  updatedAt: null,
  quotas: {
    pipelines: { used: 4, limit: 20_000 },
    schedules: { used: 4, limit: 20_000 },
    queuedRuns: { used: 0, limit: 50_000 },
    concurrentRuns: { used: 1, limit: 8 },
  },
};
const read = (fields: Record<string, string>) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return readLimits(form, limits);
};

describe('the form of the limits', () => {
  it('changes only what differs, and gives a default back where it is empty', () => {
    expect(read({ requestsPerSecond: '5000', pipelines: '100', schedules: ' ', concurrentRuns: '8' })).toEqual({
      change: { pipelines: 100, schedules: null },
    });
  });
  it('takes 0 where that means none, and not where it would mean nothing works', () => {
    expect(read({ pipelines: '0' })).toEqual({ change: { pipelines: 0 } });
    expect(read({ requestsPerSecond: '0' })).toEqual({ problem: expect.stringContaining('from 1 to 1,000,000') });
  });
  it('names what it does not take', () => {
    for (const text of ['-1', '1.5', 'many', '99999999999'])
      expect(read({ concurrentRuns: text })).toEqual({ problem: expect.stringContaining(`"${text}"`) });
  });
});

describe('a share', () => {
  it('is near from four fifths on and full at the limit', () => {
    expect([toneOf(0, 10), toneOf(8, 10), toneOf(10, 10), toneOf(0, 0)]).toEqual(['ok', 'warn', 'bad', 'bad']);
  });
});
