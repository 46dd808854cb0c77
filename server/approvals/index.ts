export { approvalsOf } from './applied-of.ts';
export { castVote, markApplied } from './decide.ts';
export { type Change, demandApproval, endOvertaken, type Waiting } from './demand-approval.ts';
export { approvalsExpireJob } from './expire-job.ts';
export { pipelineOfRequest } from './load-request.ts';
export { adoptsVersionOf } from './people.ts';
export type { Policy } from './policy.ts';
export { approvalProcedures } from './router.ts';
export { approveRules } from './rules-request.ts';
export {
  type ApprovalSettings,
  ApproveInput,
  type ChangeRequest,
  type ChangeRequestDetail,
  type SetSettings,
  WaitingRequest,
} from './schemas.ts';
export { setSettings } from './set-settings.ts';
export { demandedOf } from './settings.ts';
export type { RequestState } from './states.ts';
