import { mutation, procedure } from '#server/procedure.ts';
import { discardRows, listQuarantine, requeueRows } from './quarantine.ts';
import { ListQuarantineInput, QuarantinePage, SettleQuarantineInput, SettleQuarantineOutput } from './schemas.ts';

export const siemProcedures = {
  quarantine: procedure
    .meta({
      rest: 'GET /siem/quarantine',
      summary: 'Lists the audit rows that the SIEM refused for good, newest first, with its reasons.',
      scope: 'audit:read',
      output: QuarantinePage,
    })
    .input(ListQuarantineInput)
    .query(({ ctx, input }) => listQuarantine(ctx, input)),
  requeue: mutation
    .meta({
      rest: 'POST /siem/quarantine/requeue',
      summary: 'Has the next shipment send rows that the SIEM refused once more.',
      scope: 'audit:write',
      audit: 'siem.requeue',
      output: SettleQuarantineOutput,
      errors: ['SIEM_ROW_NOT_FOUND'],
    })
    .input(SettleQuarantineInput)
    .mutation(({ ctx, input }) => requeueRows(ctx, input)),
  discard: mutation
    .meta({
      rest: 'POST /siem/quarantine/discard',
      summary: 'Leaves rows that the SIEM refused unshipped; they stay in the audit log.',
      scope: 'audit:write',
      audit: 'siem.discard',
      output: SettleQuarantineOutput,
      errors: ['SIEM_ROW_NOT_FOUND'],
    })
    .input(SettleQuarantineInput)
    .mutation(({ ctx, input }) => discardRows(ctx, input)),
};
