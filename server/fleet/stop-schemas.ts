import { z } from 'zod';
import { STOP_RUNNING } from '#db/schema/index.ts';

export const StopInput = z.object({
  reason: z.string().trim().min(1).max(500).describe('Everybody who asks why nothing runs is shown it.'),
  running: z.enum(STOP_RUNNING).default('leave').describe('What becomes of runs that are running.'),
  holdPublishing: z.boolean().default(false).describe('Events are kept in the outbox until work is resumed.'),
});

const Stop = z.object({
  reason: z.string(),
  running: z.enum(STOP_RUNNING),
  holdsPublishing: z.boolean(),
  stoppedBy: z.string(),
  stoppedAt: z.iso.datetime(),
});
export const StopStateOutput = z.object({
  tenant: Stop.nullable().describe('A stop of this tenant.'),
  instance: Stop.nullable().describe('A stop of the whole installation.'),
});
export const StoppedOutput = StopStateOutput.extend({
  cancelling: z.number().int().describe('Runs that are told to end now.'),
});
