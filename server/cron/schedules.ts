// When jobs fire: the defaults of the list, changed by CRON_SCHEDULES, so that no chart is needed to change one.
import { nextFires, validateSchedule } from '#server/schedules/index.ts';
import { CRON_JOBS, type CronJob } from './jobs.ts';

/** By job: five cron fields in UTC, or null where nothing here fires it. */
export type JobSchedules = ReadonlyMap<string, string | null>;

const DAY_MS = 86_400_000;
/** Instants asked for at once. */
const MAX_CHUNK = 512;

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
 * made up for and the others are not. A dense rule is only looked at from a day ago on.
 */
export function latestSlot(expression: string, firstDueAt: Date, now: Date): Date {
  const dayAgoMs = now.getTime() - DAY_MS;
  const recent = dayAgoMs > firstDueAt.getTime() ? lastOf(expression, new Date(dayAgoMs), now) : null;
  return recent ?? lastOf(expression, firstDueAt, now) ?? firstDueAt;
}

/** The last instant after `after` and not after `until`. Asks for few at first: a yearly rule has none to spare. */
function lastOf(expression: string, after: Date, until: Date): Date | null {
  let found: Date | null = null;
  for (let count = 1; ; count = Math.min(MAX_CHUNK, count * 4)) {
    const chunk = fires(expression, { after: found ?? after, until, count });
    found = chunk.at(-1)?.at ?? found;
    if (chunk.length < count) return found;
  }
}
