import { z } from 'zod';
import { DATA_CLASSES, RETENTION_MODES } from '#db/schema/index.ts';

export const DataClassName = z.enum(DATA_CLASSES);
const reason = z.string().trim().min(1, 'say why, for whoever comes next').max(2000);

export const SetPolicyInput = z.object({
  dataClass: DataClassName,
  /** Days that a row is kept after it was recorded; 0: no limit of its own. */
  retentionDays: z.number().int().min(0).max(36_500),
  /** Nothing of the class is deleted while it is set; as it was when absent. */
  legalHold: z.boolean().optional(),
  note: z.string().trim().max(2000).default(''),
});
export type SetPolicyInput = z.infer<typeof SetPolicyInput>;

export const Policy = z.object({
  dataClass: DataClassName,
  /** Null: the class has no policy. */
  retentionDays: z.number().int().nullable(),
  legalHold: z.boolean(),
  note: z.string(),
  updatedBy: z.string().nullable(),
  updatedAt: z.string().nullable(),
  /** By the policy's flag or by a hold on the class. */
  isHeld: z.boolean(),
  /** The days that apply under the tenant's mode; null: nothing of the class is deleted. */
  effectiveDays: z.number().int().nullable(),
  /** `strictest` deletes the class before its own days are over. */
  isDeletedEarly: z.boolean(),
});
export type Policy = z.infer<typeof Policy>;

export const SetModeInput = z.object({ mode: z.enum(RETENTION_MODES) });
/** A month is what the law gives; a request that takes longer has to name its date. */
export const SetRequestDueDaysInput = z.object({ requestDueDays: z.number().int().min(1).max(45) });
export const RetentionOverview = z.object({
  mode: z.enum(RETENTION_MODES),
  policies: z.array(Policy),
  /** Days from its taking within which a request of a person for their data is due, when it names no date. */
  requestDueDays: z.number().int(),
  /**
   * When the purge runs. Null schedule: no worker here fires it, and unless somebody outside has called it in the last
   * days (`calledAt`, the latest time), nothing is deleted until somebody does.
   */
  purge: z.object({
    schedule: z.string().nullable(),
    calledAt: z.string().nullable(),
    nextAt: z.string().nullable(),
    lastFinishedAt: z.string().nullable(),
  }),
});
export type RetentionOverview = z.infer<typeof RetentionOverview>;

export const PlaceHoldInput = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('class'), dataClass: DataClassName, reason }),
  z.object({
    kind: z.literal('subject'),
    customerId: z.string().min(1).max(200),
    reason,
    /** Holds a subject of whom nothing is stored yet too; without it such a hold is refused as a likely typing error. */
    acceptEmpty: z.boolean().default(false),
  }),
]);
export type PlaceHoldInput = z.infer<typeof PlaceHoldInput>;

export const Hold = z.object({
  id: z.string(),
  kind: z.enum(['class', 'subject']),
  dataClass: DataClassName.nullable(),
  customerId: z.string().nullable(),
  reason: z.string(),
  placedBy: z.string(),
  placedAt: z.string(),
  releaseReason: z.string().nullable(),
  releasedBy: z.string().nullable(),
  releasedAt: z.string().nullable(),
});
export type Hold = z.infer<typeof Hold>;

export const Covered = z.object({ dataClass: DataClassName, rows: z.number().int(), isMore: z.boolean() });
export const PlacedHold = Hold.extend({
  /** What the hold kept at the moment it was accepted; none of it can be deleted until it is released. */
  covered: z.array(Covered),
});
export type PlacedHold = z.infer<typeof PlacedHold>;

export const ReleaseHoldInput = z.object({ id: z.uuid(), reason });
export const ListHoldsInput = z.object({
  state: z.enum(['active', 'released', 'all']).default('active'),
  customerId: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});
export type ListHoldsInput = z.infer<typeof ListHoldsInput>;
export const HoldPage = z.object({ items: z.array(Hold), nextCursor: z.string().nullable() });

export const PreviewClass = z.object({
  dataClass: DataClassName,
  ownDays: z.number().int().nullable(),
  effectiveDays: z.number().int().nullable(),
  cutoffAt: z.string().nullable(),
  isHeld: z.boolean(),
  isDeletedEarly: z.boolean(),
  /** What the next purge deletes, and what it leaves because a subject is on hold. */
  rows: z.number().int(),
  heldRows: z.number().int(),
  /** The recording time of the oldest row that there is. */
  oldestAt: z.string().nullable(),
  /** By the UTC day of recording, oldest first; days without rows are left out. */
  days: z.array(z.object({ day: z.string(), rows: z.number().int() })),
});
export const Preview = z.object({
  mode: z.enum(RETENTION_MODES),
  retentionDays: z.number().int(),
  at: z.string(),
  classes: z.array(PreviewClass),
});
export type Preview = z.infer<typeof Preview>;

export const ListReceiptsInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(20),
  cursor: z.string().max(200).optional(),
});
export type ListReceiptsInput = z.infer<typeof ListReceiptsInput>;
const ClassPlan = z.union([
  z.object({ days: z.number().int(), cutoffAt: z.string() }),
  z.object({ days: z.null(), isHeld: z.boolean() }),
]);
export const Receipt = z.object({
  id: z.string(),
  mode: z.enum(RETENTION_MODES),
  retentionDays: z.number().int(),
  plan: z.object({ decision_traces: ClassPlan, interaction_history: ClassPlan, ai_attachments: ClassPlan }).partial(),
  decisionTraces: z.number().int(),
  interactionHistory: z.number().int(),
  aiAttachments: z.number().int(),
  blobsAttempted: z.number().int(),
  blobsDeleted: z.number().int(),
  errors: z.array(z.string()),
  startedAt: z.string(),
  /** Null: the purge goes on, or waits to be taken up again. */
  finishedAt: z.string().nullable(),
  resumptions: z.number().int(),
  previousHash: z.string().nullable(),
  hash: z.string().nullable(),
});
export type Receipt = z.infer<typeof Receipt>;
export const ReceiptPage = z.object({ items: z.array(Receipt), nextCursor: z.string().nullable() });
