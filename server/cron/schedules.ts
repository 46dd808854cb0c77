// When jobs fire: the defaults of the list, changed by CRON_SCHEDULES, so that no chart is needed to change one.
import { nextFires, validateSchedule } from '#server/schedules/index.ts';
import { CRON_JOBS, type CronJob } from './jobs.ts';

/** By job: five cron fields in UTC, or null where nothing here fires it. */
export type JobSchedules = ReadonlyMap<string, string | null>;

const DAY_MS = 86_400_000;
const MAX_INSTANTS_A_DAY = 1_440;

/**
 * Reads `cleanup=30 4 * * *;outboxReaper=off` over the defaults.
 * @throws Error that names CRON_SCHEDULES and the part that is wrong.
 */
export function readJobSchedules(text: string, jobs: readonly CronJob[] = CRON_JOBS): JobSchedules {
  const schedules = new Map(jobs.map((job) => [job.name, job.schedule]));
  const given = new Set<string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const [, name = '', value = ''] = /^\s*([A-Za-z0-9]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name === '') refuse(part, 'write <job>=<five cron fields> or <job>=off, parted by ";"');
    const job = jobs.find((one) => one.name === name);
    if (!job) refuse(part, `there is no job "${name}"; the jobs are ${[...schedules.keys()].join(', ')}`);
    if (given.has(name)) refuse(part, `"${name}" is given twice`);
    given.add(name);
    if (value === 'off') schedules.set(name, null);
    else if (job.isLeased === false)
      refuse(part, `"${name}" wakes at every next fire by itself; only "off" can be set`);
    else schedules.set(name, checkExpression(part, value));
  }
  return schedules;
}

function checkExpression(part: string, expression: string): string {
  const [problem] = validateSchedule({ kind: 'cron', expression, timezone: 'UTC' }, new Date());
  if (problem) refuse(part, problem.message);
  return expression;
}

function refuse(part: string, why: string): never {
  throw new Error(`CRON_SCHEDULES: "${part.trim()}": ${why}`);
}

const fires = (expression: string, query: { after: Date; count: number; until?: Date }) =>
  nextFires({ kind: 'cron', expression, timezone: 'UTC' }, { ...query, dst: { gap: 'shift', fold: 'auto' } });

/** The first instant strictly after `after`; null for a rule that has no more. */
export function nextSlot(expression: string, after: Date): Date | null {
  return fires(expression, { after, count: 1 })[0]?.at ?? null;
}

/**
 * The latest instant from `firstDueAt`, which is one, to `now`: of those missed while nobody was awake the last is
 * made up for and the others are not. Whatever the gap, few instants are looked at.
 */
export function latestSlot(expression: string, firstDueAt: Date, now: Date): Date {
  const recent = lastOf(expression, new Date(Math.max(firstDueAt.getTime(), now.getTime() - DAY_MS)), now);
  if (recent) return recent;
  // None within a day of now: the rule is sparse, or what it missed lies further back.
  let found = firstDueAt;
  for (;;) {
    const chunk = fires(expression, { after: found, until: now, count: MAX_INSTANTS_A_DAY });
    const last = chunk.at(-1)?.at;
    if (!last) return found;
    found = last;
  }
}

function lastOf(expression: string, from: Date, now: Date): Date | null {
  return (
    fires(expression, { after: new Date(from.getTime() - 1), until: now, count: MAX_INSTANTS_A_DAY + 1 }).at(-1)?.at ??
    null
  );
}
