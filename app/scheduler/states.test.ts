import { describe, expect, it } from 'vitest';
import type { SchedulerItem } from '#server/web/index.ts';
import { countStates, sortItems, stateOf } from './states.ts';

const item = (name: string, change: Partial<SchedulerItem> = {}): SchedulerItem => ({
  pipelineId: name,
  name,
  labels: {},
  schedule: { kind: 'interval', minutes: 5, phaseMinutes: 0 },
  scheduleWords: 'every 5 minutes',
  timezone: 'UTC',
  enabled: true,
  paused: null,
  lastRunAt: null,
  lastRunStatus: 'succeeded',
  lastRunId: null,
  expectedAt: null,
  lagMinutes: 0,
  nextFires: [],
  recent: [],
  ...change,
});
const paused = { at: '2026-01-01T00:00:00.000Z', by: null, reason: 'moving', until: null };

describe('the state a pipeline is shown in', () => {
  it('is late from five minutes of lag on and not before', () => {
    expect(stateOf(item('a', { lagMinutes: 4.99 }))).toBe('on_time');
    expect(stateOf(item('a', { lagMinutes: 5 }))).toBe('late');
  });
  it('is failing even where it is also paused or late, because that is what needs a person', () => {
    expect(stateOf(item('a', { lastRunStatus: 'failed', paused, lagMinutes: 90 }))).toBe('failing');
  });
  it('counts every pipeline once', () => {
    const items = [item('a'), item('b', { paused, lagMinutes: null }), item('c', { schedule: null, lagMinutes: null })];
    expect(countStates(items)).toEqual({ failing: 0, late: 0, paused: 1, on_time: 1, unscheduled: 1 });
  });
  it('sorts pipelines without lag below those with none', () => {
    const items = [item('a', { lagMinutes: 3 }), item('b', { lagMinutes: null }), item('c', { lagMinutes: 7 })];
    expect(sortItems(items, '-lag').map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(sortItems(items, 'nonsense')).toBe(items);
  });
});
