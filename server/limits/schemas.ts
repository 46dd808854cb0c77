import { z } from 'zod';

const use = z.object({ used: z.number().int(), limit: z.number().int() });

export const LimitsOutput = z.object({
  requestsPerSecond: z
    .number()
    .int()
    .describe('Of the tenant in one web process; a burst of two seconds is let through.'),
  updatedAt: z.iso.datetime().nullable().describe('When they were last set; null: never.'),
  quotas: z.object({ pipelines: use, schedules: use, queuedRuns: use, concurrentRuns: use }),
});

const count = (max: number) => z.number().int().min(0).max(max).nullable().optional();
export const PutLimitsInput = z.object({
  tenant: z.string().min(1).max(100).describe('Its id or slug.'),
  requestsPerSecond: z.number().int().min(1).max(1_000_000).nullable().optional(),
  pipelines: count(1_000_000),
  schedules: count(1_000_000),
  queuedRuns: count(10_000_000),
  concurrentRuns: z.number().int().min(1).max(10_000).nullable().optional(),
  ifUpdatedAt: z.iso
    .datetime()
    .nullable()
    .optional()
    .describe('The `updatedAt` that was read: a change made since is not overwritten. Absent: whatever they are.'),
});
