import { mutation, procedure } from '#server/procedure.ts';
import { listHolds, placeHold, releaseHold } from './holds.ts';
import { getOverview, setMode, setPolicy, setRequestDueDays } from './policies.ts';
import { previewPurge } from './preview.ts';
import { listReceipts } from './receipts.ts';
import {
  Hold,
  HoldPage,
  ListHoldsInput,
  ListReceiptsInput,
  PlacedHold,
  PlaceHoldInput,
  Policy,
  Preview,
  ReceiptPage,
  ReleaseHoldInput,
  RetentionOverview,
  SetModeInput,
  SetPolicyInput,
  SetRequestDueDaysInput,
} from './schemas.ts';

export const retentionProcedures = {
  overview: procedure
    .meta({
      rest: 'GET /retention',
      summary:
        'Gives the retention policies by data class, the mode, the days of data requests, and when the purge runs.',
      scope: 'retention:read',
      output: RetentionOverview,
    })
    .query(({ ctx }) => getOverview(ctx)),
  setPolicy: mutation
    .meta({
      rest: 'PUT /retention/policies/:dataClass',
      summary: 'Sets for how many days a data class is kept, and whether it is on legal hold.',
      scope: 'retention:write',
      audit: 'retention.policy',
      output: Policy,
    })
    .input(SetPolicyInput)
    .mutation(({ ctx, input }) => setPolicy(ctx, input)),
  setMode: mutation
    .meta({
      rest: 'PUT /retention/mode',
      summary: 'Chooses between the smallest days for all classes and the own days of each.',
      scope: 'retention:write',
      audit: 'retention.mode',
      output: RetentionOverview,
    })
    .input(SetModeInput)
    .mutation(({ ctx, input }) => setMode(ctx, input)),
  setRequestDueDays: mutation
    .meta({
      rest: 'PUT /retention/request-due-days',
      summary: 'Sets within how many days a data request is due that names no date.',
      scope: 'retention:write',
      audit: 'retention.due',
      output: RetentionOverview,
    })
    .input(SetRequestDueDaysInput)
    .mutation(({ ctx, input }) => setRequestDueDays(ctx, input)),
  preview: procedure
    .meta({
      rest: 'GET /retention/preview',
      summary: 'Counts what the next purge would delete, by data class and day of recording.',
      scope: 'retention:read',
      output: Preview,
      errors: ['RETENTION_PREVIEW_TIMED_OUT'],
    })
    .query(({ ctx }) => previewPurge(ctx)),
  listHolds: procedure
    .meta({
      rest: 'GET /retention/holds',
      summary: 'Lists holds on data classes and subjects, newest first.',
      scope: 'retention:read',
      output: HoldPage,
    })
    .input(ListHoldsInput)
    .query(({ ctx, input }) => listHolds(ctx, input)),
  placeHold: mutation
    .meta({
      rest: 'POST /retention/holds',
      summary: 'Keeps a data class, or everything of one subject, from every deletion.',
      scope: 'retention:write',
      audit: 'retention.hold',
      status: 201,
      output: PlacedHold,
      errors: ['RETENTION_SUBJECT_NOT_FOUND'],
    })
    .input(PlaceHoldInput)
    .mutation(({ ctx, input }) => placeHold(ctx, input)),
  releaseHold: mutation
    .meta({
      rest: 'POST /retention/holds/:id/release',
      summary: 'Ends a hold; others on the same class or subject stay.',
      scope: 'retention:write',
      audit: 'retention.release',
      output: Hold,
      errors: ['RETENTION_HOLD_NOT_FOUND', 'RETENTION_HOLD_RELEASED'],
    })
    .input(ReleaseHoldInput)
    .mutation(({ ctx, input }) => releaseHold(ctx, input)),
  receipts: procedure
    .meta({
      rest: 'GET /retention/receipts',
      summary: 'Lists purges with what they deleted, newest first, each with the hash of its receipt.',
      scope: 'retention:read',
      output: ReceiptPage,
    })
    .input(ListReceiptsInput)
    .query(({ ctx, input }) => listReceipts(ctx, input)),
};
