import type { DataClass, RetentionPreview } from '#server/web/index.ts';

/** One bar: some days from `from` on, with the rows of each class. Days are UTC's, as the purge counts them. */
export type DayBar = { from: string; to: string } & Record<DataClass, number>;

const DAY_MS = 86_400_000;
/** More bars than this are thinner than a finger; then a bar is some days. */
const MAX_BARS = 60;

const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Evenly spaced bars from the oldest day to the youngest, empty ones included: a gap is to be seen as a gap. */
export function toBars(classes: RetentionPreview['classes']): DayBar[] {
  const days = classes.flatMap(({ days }) => days.map(({ day }) => Date.parse(day)));
  if (days.length === 0) return [];
  const first = Math.min(...days);
  const spanDays = Math.round((Math.max(...days) - first) / DAY_MS) + 1;
  const daysPerBar = Math.ceil(spanDays / MAX_BARS);
  const bars = Array.from({ length: Math.ceil(spanDays / daysPerBar) }, (_, index): DayBar => {
    const from = first + index * daysPerBar * DAY_MS;
    return {
      from: dayText(from),
      to: dayText(Math.min(from + (daysPerBar - 1) * DAY_MS, first + (spanDays - 1) * DAY_MS)),
      ...{ interaction_history: 0, decision_traces: 0, ai_attachments: 0 },
    };
  });
  for (const { dataClass, days: ofClass } of classes) {
    for (const { day, rows } of ofClass) {
      const bar = bars[Math.floor((Date.parse(day) - first) / DAY_MS / daysPerBar)];
      if (bar) bar[dataClass] += rows;
    }
  }
  return bars;
}
