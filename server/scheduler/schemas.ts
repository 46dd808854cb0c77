// What the scheduler's status answers.
import { z } from 'zod';
import { VERDICTS } from '#db/schema/index.ts';
import { NextFire, PipelineItem } from '#server/pipelines/index.ts';

const instant = z.iso.datetime();

/** What the ledger decided within half an hour, of one verdict. */
export const RecentFires = z.object({
  dueAt: instant,
  until: instant.nullable(),
  count: z.number().int(),
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  /** Where the bucket is a single fire. */
  runId: z.uuid().nullable(),
});

export const ScheduleStatus = PipelineItem.pick({
  name: true,
  labels: true,
  schedule: true,
  scheduleWords: true,
  timezone: true,
  paused: true,
  lastRunAt: true,
  lastRunStatus: true,
  lastRunId: true,
}).extend({
  pipelineId: z.uuid(),
  enabled: z.boolean(),
  expectedAt: instant.nullable(),
  lagMinutes: z.number().nullable(),
  nextFires: z.array(NextFire),
  recent: z.array(RecentFires),
});

export const SchedulerStatusOutput = z.object({
  items: z.array(ScheduleStatus),
  nextCursor: z.string().nullable(),
  health: z.object({
    now: instant,
    lastTickAt: instant.nullable(),
    tickLagSeconds: z.number().nullable(),
    oldestDueUnfiredAt: instant.nullable(),
    clockSkewMs: z.number().nullable(),
  }),
});
