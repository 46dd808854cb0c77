// When a pipeline runs: schedules, what happens around them, triggers.
import { z } from 'zod';
import { TimeZone } from './names.ts';

export const CronSchedule = z.strictObject({
  kind: z.literal('cron'),
  expression: z.string().min(1).max(200),
  timezone: TimeZone.default('UTC'),
});
export const IntervalSchedule = z.strictObject({
  kind: z.literal('interval'),
  minutes: z.int().min(1).max(1440),
  /** Offset of the grid from the Unix epoch, in minutes. */
  phaseMinutes: z.int().min(0).max(1439).default(0),
});
export const RruleSchedule = z.strictObject({
  kind: z.literal('rrule'),
  /** RFC 5545 lines: `DTSTART:20260101T090000` (floating local time) and `RRULE:…`. */
  rrule: z.string().min(1).max(2_000),
  timezone: TimeZone.default('UTC'),
});
export const Schedule = z.discriminatedUnion('kind', [CronSchedule, IntervalSchedule, RruleSchedule]);

export const Policies = z.strictObject({
  overlap: z.enum(['skip', 'buffer_one', 'buffer_all', 'cancel_other', 'allow_all']).default('skip'),
  catchUp: z.enum(['last', 'none', 'all']).default('last'),
  /** How far back a missed instant is still made up for; older ones are `missed_window`. */
  catchUpWindowMinutes: z.int().min(1).max(527_040).default(10_080),
  /** With catchUp `all`: at most this many runs in one pass, the rest are `capped`. */
  catchUpCap: z.int().min(1).max(1_000).default(100),
  onPause: z.enum(['drop', 'queue']).default('drop'),
  dst: z
    .strictObject({
      gap: z.enum(['shift', 'skip']).default('shift'),
      /** `auto`: the first of the two instants for fixed hours, both for hourly or finer rules. */
      fold: z.enum(['auto', 'first', 'both']).default('auto'),
    })
    .prefault({}),
  jitterSeconds: z.int().min(0).max(3_600).default(0),
  /** Runs of this pipeline at once, where the overlap policy lets more than one exist. */
  maxConcurrentRuns: z.int().min(1).max(100).default(1),
});

export const Deadline = z.strictObject({
  time: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'use HH:MM')
    .optional(),
  windowMinutes: z.int().min(1).max(10_080).optional(),
  timezone: TimeZone.default('UTC'),
  onMiss: z.enum(['alert', 'fail', 'run_anyway']).default('alert'),
});
export const Trigger = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('upstream'), pipelines: z.array(z.string().min(1)).min(1).max(20) }),
  z.strictObject({
    kind: z.literal('file_arrival'),
    path: z.string().min(1).max(1_000),
    stableSeconds: z.int().min(0).max(3_600).default(10),
    deadline: Deadline.optional(),
  }),
]);

export type Schedule = z.infer<typeof Schedule>;
export type Policies = z.infer<typeof Policies>;
