import { ServiceError } from '#server/lib/index.ts';
import { dataInterval, nextFires, validateSchedule } from '#server/schedules/index.ts';

const DST = { gap: 'shift', fold: 'auto' } as const;
type Rule = { cron: string; timezone: string };
const scheduleOf = ({ cron, timezone }: Rule) => ({ kind: 'cron', expression: cron, timezone }) as const;

/** @throws ServiceError INPUT_INVALID for a rule or a zone that cannot be read, and one that never fires */
export function requireRule(rule: Rule, now: Date): void {
  const problem = validateSchedule(scheduleOf(rule), now).find(({ severity }) => severity === 'error');
  if (problem) throw new ServiceError('INPUT_INVALID', `cron: ${problem.message}`, [problem]);
}

/** The rule's first instant after `at`; null when there is none. */
export const nextInstant = (rule: Rule, at: Date): Date | null =>
  nextFires(scheduleOf(rule), { after: at, count: 1, dst: DST })[0]?.at ?? null;

/** The rule's last instant at or before `at`; `at` itself for a rule too rare to look back. */
export function lastInstant(rule: Rule, at: Date): Date {
  const next = nextInstant(rule, at);
  if (next === null) return at;
  const { startMs } = dataInterval(scheduleOf(rule), next.getTime(), DST, null);
  return new Date(Math.min(startMs, at.getTime()));
}

/** As long as from one instant of the rule to the next, ending at `at`: what somebody who asks now is told of. */
export function trailingPeriod(rule: Rule, at: Date): { from: Date; to: Date } {
  const next = nextInstant(rule, at) ?? at;
  const lengthMs = next.getTime() - lastInstant(rule, at).getTime();
  return { from: new Date(at.getTime() - lengthMs), to: at };
}
