import { z } from 'zod';
import { mutation, procedure } from '#server/procedure.ts';
import { rejectRequest, withdrawRequest } from './decide.ts';
import { getRequest } from './get-request.ts';
import { countWaiting, listRequests } from './list-requests.ts';
import {
  ApprovalSettings,
  ApprovalSettingsInput,
  ChangeRequestDetail,
  ChangeRequestPage,
  EndedOutput,
  ListRequestsInput,
  RejectInput,
  RequestRef,
  SetSettings,
  WaitingCount,
  WithdrawInput,
} from './schemas.ts';
import { setSettings } from './set-settings.ts';
import { getSettings } from './settings.ts';

const nothing = z.object({}).optional();

/** All but the approval itself, which the pipelines' room has because it makes the version live. */
export const approvalProcedures = {
  list: procedure
    .meta({
      rest: 'GET /approvals',
      summary:
        'Lists the change requests, newest first, narrowed by state and pipeline, or to those that wait for the caller.',
      scope: 'approvals:read',
      output: ChangeRequestPage,
    })
    .input(ListRequestsInput)
    .query(({ ctx, input }) => listRequests(ctx, input)),
  waiting: procedure
    .meta({
      rest: 'GET /approvals/waiting',
      summary: 'Counts the change requests that are open, and those that wait for the caller.',
      scope: 'approvals:read',
      output: WaitingCount,
    })
    .input(nothing)
    .query(({ ctx }) => countWaiting(ctx)),
  settings: procedure
    .meta({
      rest: 'GET /approvals/settings',
      summary: 'Gives the labels that demand approval, the stages, and how long a request waits.',
      scope: 'approvals:read',
      output: ApprovalSettings,
    })
    .input(nothing)
    .query(({ ctx }) => getSettings(ctx)),
  setSettings: mutation
    .meta({
      rest: 'PUT /approvals/settings',
      summary:
        'Sets the rules for requests to come, or, where they ask for less than those that hold, asks for the approval of another admin.',
      scope: 'governance:write',
      audit: 'approval.settings',
      output: SetSettings,
      isTaken: (answer) => (answer as SetSettings).state === 'waiting',
      errors: ['APPROVAL_SETTINGS_STALE', 'APPROVAL_PERSON_UNKNOWN'],
    })
    .input(ApprovalSettingsInput)
    .mutation(({ ctx, input }) => setSettings(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /approvals/:id',
      summary: 'Gives a change request with both documents, what differs, its stages and votes.',
      scope: 'approvals:read',
      output: ChangeRequestDetail,
      errors: ['APPROVAL_NOT_FOUND'],
    })
    .input(RequestRef)
    .query(({ ctx, input }) => getRequest(ctx, input)),
  reject: mutation
    .meta({
      rest: 'POST /approvals/:id/reject',
      summary: 'Ends a change request with a reason; the change stays unapplied.',
      scope: 'approvals:write',
      audit: 'approval.reject',
      output: EndedOutput,
      errors: [
        ...(['APPROVAL_NOT_FOUND', 'APPROVAL_CLOSED', 'APPROVAL_EXPIRED', 'APPROVAL_STALE'] as const),
        ...(['APPROVAL_OWN', 'APPROVAL_NOT_YOURS', 'APPROVAL_PERSON_UNKNOWN'] as const),
      ],
    })
    .input(RejectInput)
    .mutation(({ ctx, input }) => rejectRequest(ctx, input)),
  withdraw: mutation
    .meta({
      rest: 'POST /approvals/:id/withdraw',
      summary: 'Takes one’s own change request back.',
      scope: 'approvals:write',
      audit: 'approval.withdraw',
      output: EndedOutput,
      errors: ['APPROVAL_NOT_FOUND', 'APPROVAL_CLOSED', 'APPROVAL_NOT_YOURS', 'APPROVAL_PERSON_UNKNOWN'],
    })
    .input(WithdrawInput)
    .mutation(({ ctx, input }) => withdrawRequest(ctx, input)),
};
