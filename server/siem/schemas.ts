import { z } from 'zod';
import { QUARANTINE_STATES } from '#db/schema/index.ts';

export const ListQuarantineInput = z.object({
  /** Open: nobody has decided yet. Absent: all of them. */
  state: z.enum(QUARANTINE_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(300).optional(),
});
export type ListQuarantineInput = z.infer<typeof ListQuarantineInput>;

export const QuarantinedRow = z.object({
  /** The audit row's. */
  id: z.string(),
  /** Backend, address and index. */
  destination: z.string(),
  /** The HTTP status of the refusal, of the item where items have their own. */
  status: z.number().int(),
  /** In the destination's words. */
  reason: z.string(),
  refusedAt: z.string(),
  state: z.enum(QUARANTINE_STATES),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
  /** What could not be shipped, as the audit log has it. */
  payload: z.object({
    at: z.string(),
    actorKind: z.string(),
    actorId: z.string(),
    action: z.string(),
    outcome: z.string(),
    targetKind: z.string(),
    targetId: z.string(),
    requestId: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
});
export type QuarantinedRow = z.infer<typeof QuarantinedRow>;
export const QuarantinePage = z.object({
  items: z.array(QuarantinedRow),
  nextCursor: z.string().nullable(),
  shipping: z
    .enum(['on', 'no_siem', 'no_schedule'])
    .describe(
      'Whether requeued rows will be sent: `no_siem`: the last run of siemShip had none to ship to; `no_schedule`: nothing runs siemShip.',
    ),
});
export type SiemShipping = z.infer<typeof QuarantinePage>['shipping'];

export const SettleQuarantineInput = z.object({
  /** Of audit rows; those that were decided so already are left as they are. */
  ids: z.array(z.uuid()).min(1).max(500),
});
export const SettleQuarantineOutput = z.object({ changed: z.number().int() });
