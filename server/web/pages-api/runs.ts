// Runs with their attempts, nodes and dead letters as the pages see them.
import type { Instant, Page, PageInput } from './wire.ts';

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

export type AttemptStatus = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';

export type NodeStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped';

export type RunTrigger = 'schedule' | 'manual' | 'backfill' | 'file' | 'replay' | 'upstream';

export interface RunListItem {
  id: string;
  pipelineId: string;
  pipelineName: string;
  version: number;
  status: RunStatus;
  trigger: RunTrigger;
  scheduledFor: Instant | null;
  attempt: number;
  queuedAt: Instant;
  startedAt: Instant | null;
  finishedAt: Instant | null;
  error: RunError | null;
  note: string | null;
  requestedBy: string;
  rowsIn: number | null;
  rowsOut: number | null;
  rowsRejected: number | null;
}

export interface RunError {
  code: string;
  message: string;
  nodeId?: string;
  isTransient: boolean;
  errorId: string;
}

export interface RunNode {
  nodeId: string;
  kind: string;
  name: string;
  status: NodeStatus;
  rowsIn: number;
  rowsOut: number;
  rowsRejected: number;
  durationMs: number | null;
  sql: string;
  warnings?: { rule: string; message: string; rowCount: number }[];
}

export interface RunAttempt {
  attempt: number;
  status: AttemptStatus;
  runner?: string;
  startedAt: Instant | null;
  finishedAt: Instant | null;
  error: RunError | null;
}

export interface RunProgress {
  nodeId: string | null;
  nodesDone: number;
  nodesTotal: number;
  rowsRead: number;
  updatedAt: Instant;
}

export interface RunDetail extends RunListItem {
  maxAttempts: number;
  /** A cancel is asked for and its runner has yet to do it. */
  isCancelRequested: boolean;
  /** When a queued run may start; later than now after a failed attempt. */
  availableAt: Instant | null;
  progress: RunProgress | null;
  nodes: RunNode[];
  attempts: RunAttempt[];
}

export interface DlqEntry {
  id: string;
  nodeId: string;
  rule: string;
  errorKind: string;
  message: string;
  rowKey: unknown;
  isReplayable: boolean;
  payload: unknown;
  isPayloadTruncated: boolean;
  firstSeenAt: Instant;
}

export interface RunsApi {
  list(input: PageInput & { pipelineId?: string; status?: RunStatus }): Promise<Page<RunListItem>>;
  get(input: { id: string }): Promise<RunDetail>;
  cancel(input: { id: string }): Promise<{ status: RunStatus; isPending: boolean }>;
  dlq(input: PageInput & { id: string }): Promise<Page<DlqEntry>>;
}
