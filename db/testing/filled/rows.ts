// What the rows of a filled tenant are made of.
import { randomBytes } from 'node:crypto';

/** What one tenant has: an id of each kind of thing that a caller can ask for. */
export type FilledTenant = {
  /** A viewer, with the session and, to be removed, another one. */
  userId: string;
  leaverId: string;
  sessionId: string;
  keyId: string;
  inviteId: string;
  tenantId: string;
  slug: string;
  pipelineId: string;
  pipelineName: string;
  scheduleId: string;
  runId: string;
  dlqEntryId: string;
  eventId: string;
  interactionId: string;
  auditId: string;
  alertRuleId: string;
  reportId: string;
  modelId: string;
  connectionId: string;
  repositoryId: string;
  holdId: string;
  approvalId: string;
  dsarId: string;
};

/** What its rows have in common: when things happened, and the document of its pipeline. */
type Common = { at: string; document: unknown };
/** By table. */
export type Rows = Record<string, Record<string, unknown>[]>;
export type MakeRows = (ids: FilledTenant, common: Common) => Rows;

/** A hash of nothing that anybody has, as PostgreSQL reads bytes. */
export const hash = () => `\\x${randomBytes(32).toString('hex')}`;
