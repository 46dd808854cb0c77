import { z } from 'zod';
import { CRON_FIRED_BY, CRON_OUTCOMES, CRON_TRIGGERS } from '#db/schema/index.ts';

const Counts = z.record(z.string(), z.number());

export const CronRunItem = z.object({
  id: z.string(),
  job: z.string(),
  /** The due instant of a scheduled firing. */
  slot: z.string().nullable(),
  trigger: z.enum(CRON_TRIGGERS),
  requestedBy: z.string(),
  /** For an instance operator all that was kept, else flags only. */
  params: z.record(z.string(), z.string()),
  attempt: z.number().int(),
  processId: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  outcome: z.enum(CRON_OUTCOMES),
  /** Of a running one: its process has not been heard of for as long as its lease lasts. */
  isSilent: z.boolean(),
  counts: Counts,
  error: z.string().nullable(),
  /** All tenants for an instance operator, else the caller's own. */
  perTenant: z.array(
    z.object({
      tenantId: z.string(),
      tenant: z.string(),
      ok: z.boolean(),
      counts: Counts,
      errors: z.array(z.string()),
    }),
  ),
});

export const CronJobItem = z.object({
  name: z.string(),
  path: z.string(),
  summary: z.string(),
  /** As the workers fire it; null: nothing here does. */
  schedule: z.string().nullable(),
  scheduleInWords: z.string().nullable(),
  defaultSchedule: z.string().nullable(),
  recommended: z.string().nullable(),
  /** CRON_MODE of the worker that started last; null: no worker has. */
  firedBy: z.enum(CRON_FIRED_BY).nullable(),
  /** It wakes whenever something is due, and cannot be started by hand. */
  isSelfTimed: z.boolean(),
  nextFireAt: z.string().nullable(),
  /** Parameters that "run now" may be given. */
  options: z.array(z.object({ name: z.string(), label: z.string(), kind: z.enum(['flag', 'instant']) })),
  isRequested: z.boolean(),
  lastRun: CronRunItem.nullable(),
  /** Of its latest runs, newest first. */
  recentOutcomes: z.array(z.object({ id: z.string(), outcome: z.enum(CRON_OUTCOMES), startedAt: z.string() })),
});

export const CronJobList = z.object({ items: z.array(CronJobItem), mayRun: z.boolean() });

export const ListCronRunsInput = z.object({
  job: z.string().min(1).max(100),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});
export type ListCronRunsInput = z.infer<typeof ListCronRunsInput>;
export const CronRunPage = z.object({ items: z.array(CronRunItem), nextCursor: z.string().nullable() });

export const RunCronJobInput = z.object({
  job: z.string().min(1).max(100),
  /** What the job's route takes as query parameters, such as `{"dryRun": "1"}`. */
  params: z.record(z.string().max(50), z.string().max(200)).default({}),
});
export type RunCronJobInput = z.infer<typeof RunCronJobInput>;
export const RunCronJobOutput = z.object({ requestId: z.string(), job: z.string() });
