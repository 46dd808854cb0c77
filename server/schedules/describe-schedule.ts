import type { Schedule } from '#server/ir/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { describeCron } from './describe-cron.ts';
import { describeRecurrence } from './describe-recurrence.ts';
import { openWallRule } from './wall-rule.ts';
import { everyMinutes } from './words.ts';

/**
 * A schedule in words for operators, e.g. "at 02:30 every day (Europe/Berlin)". Correct before pretty: what has no
 * plain wording is given as written, and so is a text that is no schedule, because a list page must not fail on it.
 */
export function describeSchedule(schedule: Schedule): string {
  if (schedule.kind === 'interval') {
    const phase = schedule.phaseMinutes % schedule.minutes;
    return `${everyMinutes(schedule.minutes)}${phase === 0 ? '' : `, shifted by ${phase} min`}`;
  }
  const text = schedule.kind === 'cron' ? schedule.expression : schedule.rrule;
  const asWritten = `${schedule.kind} ${text.trim().split(/\s+/).join(' ')} (${schedule.timezone})`;
  try {
    openWallRule(schedule);
    const words =
      schedule.kind === 'cron'
        ? describeCron(schedule.expression, schedule.timezone)
        : describeRecurrence(schedule.rrule, schedule.timezone);
    return words ?? asWritten;
  } catch (error) {
    if (error instanceof ServiceError) return asWritten;
    throw error;
  }
}
