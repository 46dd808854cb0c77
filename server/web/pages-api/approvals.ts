// Change requests and the rules that demand them, as the pages see them.
import type {
  ApprovalSettings,
  ChangeRequest,
  ChangeRequestDetail,
  RequestState,
  SetSettings,
} from '#server/approvals/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { ApprovalSettings, ChangeRequest, ChangeRequestDetail, RequestState };

export type Published =
  | { state: 'live'; version: number }
  | { state: 'waiting'; version: number; changeRequest: { id: string; expiresAt: string; isNew: boolean } };

export interface ApprovalsApi {
  list(input: PageInput & { state?: RequestState; pipelineId?: string; mine?: boolean }): Promise<Page<ChangeRequest>>;
  waiting(): Promise<{ open: number; mine: number }>;
  get(input: { id: string }): Promise<ChangeRequestDetail>;
  approve(input: { id: string; comment: string }): Promise<{
    state: 'open' | 'applied';
    version: number;
    pipelineId: string | null;
  }>;
  reject(input: { id: string; reason: string }): Promise<unknown>;
  withdraw(input: { id: string; reason: string }): Promise<unknown>;
  settings(): Promise<ApprovalSettings>;
  setSettings(input: {
    version: number;
    selectors: string[];
    stages: { name: string; approvers: number; roles: ('operator' | 'admin')[] }[];
    expiryHours: number;
    allowSamePerson: boolean;
  }): Promise<SetSettings>;
}
