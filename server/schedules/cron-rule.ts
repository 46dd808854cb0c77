// Cron expressions, asked of cron-parser in floating wall-clock time only (zone UTC): asked with a zone it
// throws "loop limit exceeded" for Australia/Lord_Howe and skips days. prev() is never called (its bugs:
// harrisiirak/cron-parser #378, #404).
import { type CronExpression, CronExpressionParser } from 'cron-parser';
import { refuseSchedule } from './refuse-schedule.ts';
import type { WallRule } from './wall-rule.ts';

const MACROS: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

export type CronFields = { minute: string; hour: string; dayOfMonth: string; month: string; dayOfWeek: string };

/** The five fields of an expression, macros spelled out. Refuses seconds, `H` and unknown macros. */
export function cronFields(expression: string): CronFields {
  const text = expression.trim();
  const spelled = text.startsWith('@') ? MACROS[text.toLowerCase()] : text;
  if (spelled === undefined) {
    refuseSchedule('/expression', 'cron_macro', `"${text}" is not one of ${Object.keys(MACROS).join(', ')}`);
  }
  const fields = spelled.split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields;
  if (fields.length !== 5 || !minute || !hour || !dayOfMonth || !month || !dayOfWeek) {
    refuseSchedule(
      '/expression',
      'cron_fields',
      `"${text}" has ${fields.length} field(s); write five: minute hour day-of-month month day-of-week (a minute is the finest step, there is no seconds field)`,
    );
  }
  // H picks a pseudo-random time at each parse, so the next fire would change from one look to the next.
  if (fields.some((field) => /h/i.test(field.replace(/[a-z]{3}/gi, '')))) {
    refuseSchedule('/expression', 'cron_hash', `"${text}" uses H; write the time, or spread load with jitterSeconds`);
  }
  return { minute, hour, dayOfMonth, month, dayOfWeek };
}

/** Parses an expression into the rule of its wall-clock times. */
export function openCronRule(expression: string): WallRule {
  const fields = cronFields(expression);
  const spelled = [fields.minute, fields.hour, fields.dayOfMonth, fields.month, fields.dayOfWeek].join(' ');
  const cron = parse(spelled);
  return {
    isHourlyOrFiner: isHourlyOrFiner(fields.hour, cron.fields.hour.values.length),
    isFinite: false,
    timesAfter: (localMs, limit) => {
      // The parser is one shared cursor; reset() makes each question independent of the one before.
      cron.reset(new Date(Math.floor(localMs / 60_000) * 60_000));
      const times: number[] = [];
      while (times.length < limit) times.push(cron.next().getTime());
      return times;
    },
  };
}

/**
 * Hourly or finer: the hour field, as written, holds `*`, `?` or a range of step 1 (`9-17`), or it names all
 * 24 hours. Plain hours (`2`, `1,2,3`) and steps of two hours or more (`0-23/2`, `0-23/6`) are fixed hours.
 */
function isHourlyOrFiner(hourField: string, hourCount: number): boolean {
  if (hourCount === 24) return true;
  return hourField.split(',').some((part) => {
    const [range = '', step = '1'] = part.split('/');
    return Number(step) === 1 && (part.includes('/') || range === '*' || range === '?' || range.includes('-'));
  });
}

function parse(expression: string): CronExpression {
  try {
    return CronExpressionParser.parse(expression, { tz: 'UTC', currentDate: new Date(0) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/explicit day of month/.test(reason)) {
      refuseSchedule('/expression', 'never_fires', `"${expression}" never fires: its months do not have that day`);
    }
    refuseSchedule('/expression', 'cron_syntax', `"${expression}" is not a cron expression: ${reason}`);
  }
}
