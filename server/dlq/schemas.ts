import { z } from 'zod';

/** Which entries: every part narrows, and the filter applies before the limit. */
export const DlqFilter = z.object({
  runId: z.uuid().optional(),
  pipelineId: z.uuid().optional(),
  nodeId: z.string().max(100).optional(),
  rule: z.string().max(200).optional(),
  errorKind: z.string().max(100).optional(),
  /** `open`: not acknowledged yet. */
  state: z.enum(['open', 'acked', 'all']).default('open'),
});
export type DlqFilter = z.infer<typeof DlqFilter>;

export const ListDlqInput = DlqFilter.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});
export type ListDlqInput = z.infer<typeof ListDlqInput>;

export const DlqEntry = z.object({
  id: z.string(),
  pipelineId: z.string(),
  runId: z.string(),
  version: z.number().int(),
  nodeId: z.string(),
  rule: z.string(),
  errorKind: z.string(),
  message: z.string(),
  attempts: z.number().int(),
  sourceNode: z.string().nullable(),
  rowKey: z.unknown(),
  isReplayable: z.boolean(),
  payload: z.unknown(),
  isPayloadTruncated: z.boolean(),
  firstSeenAt: z.string(),
  lastSeenAt: z.string(),
  replayCount: z.number().int(),
  ackedAt: z.string().nullable(),
});
export type DlqEntry = z.infer<typeof DlqEntry>;
export const DlqPage = z.object({ items: z.array(DlqEntry), nextCursor: z.string().nullable() });

export const DlqCounts = z.object({
  total: z.number().int(),
  byRule: z.array(z.object({ nodeId: z.string(), rule: z.string(), errorKind: z.string(), count: z.number().int() })),
});
