import { describe, expect, it } from 'vitest';
import type { DataClass, RetentionPreview } from '#server/web/index.ts';
import { toBars } from './days.ts';

const classOf = (dataClass: DataClass, days: [string, number][]): RetentionPreview['classes'][number] => ({
  ...{ dataClass, ownDays: 1, effectiveDays: 1, cutoffAt: null, isHeld: false, isDeletedEarly: false },
  ...{ rows: 0, heldRows: 0, oldestAt: null },
  days: days.map(([day, rows]) => ({ day, rows })),
});
const empty = { interaction_history: 0, decision_traces: 0, ai_attachments: 0 };

describe('the bars of what would be deleted', () => {
  it('are none where nothing is due', () => {
    expect(toBars([classOf('decision_traces', [])])).toEqual([]);
  });

  it('are one a day, days without rows included', () => {
    const bars = toBars([
      classOf('decision_traces', [['2026-02-27', 2]]),
      classOf('interaction_history', [
        ['2026-02-27', 3],
        ['2026-03-01', 1],
      ]),
    ]);
    expect(bars).toEqual([
      { from: '2026-02-27', to: '2026-02-27', ...empty, decision_traces: 2, interaction_history: 3 },
      { from: '2026-02-28', to: '2026-02-28', ...empty },
      { from: '2026-03-01', to: '2026-03-01', ...empty, interaction_history: 1 },
    ]);
  });

  it('gather days where there would be too many, and lose no row', () => {
    const first = Date.parse('2020-01-01');
    const days = Array.from({ length: 1_000 }, (_, n): [string, number] => [
      new Date(first + n * 86_400_000).toISOString().slice(0, 10),
      n,
    ]);
    const bars = toBars([classOf('ai_attachments', days)]);
    expect(bars.length).toBeLessThanOrEqual(60);
    expect(bars.reduce((sum, bar) => sum + bar.ai_attachments, 0)).toBe(499_500);
    expect([bars[0]?.from, bars.at(-1)?.to]).toEqual(['2020-01-01', days.at(-1)?.[0]]);
  });
});
