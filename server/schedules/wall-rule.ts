import type { Schedule } from '#server/ir/index.ts';
import { openCronRule } from './cron-rule.ts';
import { openRecurrenceRule } from './recurrence-rule.ts';

/** A rule in floating wall-clock time: it knows nothing of zones, gaps or folds. */
export type WallRule = {
  /** Decides the fold under the policy `auto`: every instant when true, else the first one only. */
  isHourlyOrFiner: boolean;
  /** True when the rule ends by itself (COUNT or UNTIL). */
  isFinite: boolean;
  /** The rule's times strictly after `localMs`, ascending; fewer than `limit` only when the rule has ended. */
  timesAfter: (localMs: number, limit: number) => number[];
};

/** Parsing costs 30 to 100 µs, asking 10 to 30: rules are kept, the oldest leaves when there are too many. */
const MAX_CACHED_RULES = 5_000;
const rules = new Map<string, WallRule>();

/** The rule of a cron or rrule schedule. Throws DOCUMENT_INVALID for a text that is none. */
export function openWallRule(schedule: Exclude<Schedule, { kind: 'interval' }>): WallRule {
  const text = schedule.kind === 'cron' ? schedule.expression : schedule.rrule;
  const key = `${schedule.kind}:${text}`;
  const cached = rules.get(key);
  if (cached !== undefined) return cached;
  const rule = schedule.kind === 'cron' ? openCronRule(text) : openRecurrenceRule(text);
  if (rules.size >= MAX_CACHED_RULES) {
    const oldest = rules.keys().next();
    if (!oldest.done) rules.delete(oldest.value);
  }
  rules.set(key, rule);
  return rule;
}
