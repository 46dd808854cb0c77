import { z } from 'zod';
import { ATTEMPT_STATUSES, NODE_STATUSES, RUN_STATUSES, RUN_TRIGGERS } from '#db/schema/index.ts';

const at = z.string().nullable();
export const RunErrorShape = z.object({
  code: z.string(),
  message: z.string(),
  nodeId: z.string().optional(),
  isTransient: z.boolean(),
  errorId: z.string(),
});
export const RunProgressShape = z.object({
  nodeId: z.string().nullable(),
  nodesDone: z.number(),
  nodesTotal: z.number(),
  rowsRead: z.number(),
  updatedAt: z.string(),
});

export const RunItem = z.object({
  id: z.string(),
  pipelineId: z.string(),
  pipelineName: z.string(),
  version: z.number().int(),
  status: z.enum(RUN_STATUSES),
  trigger: z.enum(RUN_TRIGGERS),
  /** The due instant; null for manual runs. */
  scheduledFor: at,
  intervalStart: at,
  intervalEnd: at,
  backfillId: z.string().nullable(),
  attempt: z.number().int(),
  maxAttempts: z.number().int(),
  queuedAt: z.string(),
  startedAt: at,
  finishedAt: at,
  error: RunErrorShape.nullable(),
  /** `no_input`: no file had come. */
  note: z.string().nullable(),
  requestedBy: z.string(),
  rowsIn: z.number().nullable(),
  rowsOut: z.number().nullable(),
  rowsRejected: z.number().nullable(),
});
export type RunItem = z.infer<typeof RunItem>;

export const RunNode = z.object({
  nodeId: z.string(),
  kind: z.string(),
  name: z.string(),
  status: z.enum(NODE_STATUSES),
  rowsIn: z.number(),
  rowsOut: z.number(),
  rowsRejected: z.number(),
  bytes: z.number().nullable(),
  durationMs: z.number().nullable(),
  sql: z.string(),
  warnings: z.array(z.object({ rule: z.string(), message: z.string(), rowCount: z.number() })),
});
export const RunAttempt = z.object({
  attempt: z.number().int(),
  status: z.enum(ATTEMPT_STATUSES),
  runner: z.string(),
  startedAt: z.string(),
  finishedAt: at,
  error: RunErrorShape.nullable(),
});

export const RunDetail = RunItem.extend({
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** Of a running run, as its last heartbeat told. */
  progress: RunProgressShape.nullable(),
  /** A cancel is asked for and its runner has yet to do it. */
  isCancelRequested: z.boolean(),
  /** When a queued run may start: later than now after a failed attempt. */
  availableAt: at,
  nodes: z.array(RunNode),
  attempts: z.array(RunAttempt),
});
export type RunDetail = z.infer<typeof RunDetail>;

export const GetRunInput = z.object({ id: z.uuid() });
export const ListRunsInput = z.object({
  pipelineId: z.uuid().optional(),
  status: z.enum(RUN_STATUSES).optional(),
  trigger: z.enum(RUN_TRIGGERS).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});
export type ListRunsInput = z.infer<typeof ListRunsInput>;
export const RunPage = z.object({ items: z.array(RunItem), nextCursor: z.string().nullable() });
export const CancelRunOutput = z.object({ status: z.enum(RUN_STATUSES), isPending: z.boolean() });
export const StartRunOutput = z.object({ runId: z.uuid() });
