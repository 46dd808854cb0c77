// The part of the API that the pages call, as the pages see it. The in-process tRPC caller is passed where this
// is asked for, so a procedure that changes shape fails to compile at the one place that hands it over.

export type { AlertChannel, AlertEvent, AlertMetricItem, AlertRule, AlertRuleInput } from '#server/alerts/index.ts';
export type { EngagementItem, EngagementSummary } from '#server/engagement/index.ts';
export type { PipelineDocument, Problem } from '#server/ir/index.ts';
export type {
  ReportDetail,
  ReportItem,
  ReportSchedule,
  ReportScheduleInput,
  ReportTemplateItem,
} from '#server/reports/index.ts';

import type { AlertEvent, AlertMetricItem, AlertRule, AlertRuleInput } from '#server/alerts/index.ts';
import type { AuditFilter, AuditLogEntry, AuditLogItem, AuditVerdict, ChainSeal } from '#server/audit-trail/index.ts';
import type { DsarLink, DsarRequest } from '#server/dsar/index.ts';
import type { EngagementItem, EngagementSummary } from '#server/engagement/index.ts';
import type { PipelineDocument, Policies, Problem } from '#server/ir/index.ts';
import type {
  ReportDetail,
  ReportItem,
  ReportSchedule,
  ReportScheduleInput,
  ReportTemplateItem,
} from '#server/reports/index.ts';
import type {
  PlacedHold,
  PlaceHoldInput,
  Receipt as PurgeReceipt,
  Hold as RetentionHold,
  RetentionOverview,
  Policy as RetentionPolicy,
  Preview as RetentionPreview,
} from '#server/retention/index.ts';
import type { QuarantinedRow, SiemShipping } from '#server/siem/index.ts';
import type { AccountsApi } from './pages-api-accounts.ts';
import type { ApprovalsApi, Published } from './pages-api-approvals.ts';
import type { GitopsApi } from './pages-api-gitops.ts';
import type { ConnectionsApi, FleetApi, LimitsApi } from './pages-api-locks.ts';
import type { ModelsApi } from './pages-api-models.ts';

export type EngagementBand = EngagementItem['band'];

/** An instant as the API gives it: ISO 8601 in UTC. */
export type Instant = string;

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';
export type AttemptStatus = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';
export type NodeStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped';
export type RunTrigger = 'schedule' | 'manual' | 'backfill' | 'file' | 'replay' | 'upstream';
export type Verdict =
  | 'fired'
  | 'late'
  | 'pending'
  | 'coalesced'
  | 'skipped_overlap'
  | 'skipped_paused'
  | 'skipped_blackout'
  | 'missed_window'
  | 'capped';

export type ScheduleSource =
  | { kind: 'cron'; expression: string; timezone: string }
  | { kind: 'interval'; minutes: number; phaseMinutes: number }
  | { kind: 'rrule'; rrule: string; timezone: string };

export interface Pause {
  at: Instant;
  by: string | null;
  reason: string | null;
  until: Instant | null;
}

export type DstMark = 'gap_shifted' | 'fold_first' | 'fold_second';

export interface NextFire {
  at: Instant;
  /** Wall-clock time in the schedule's zone, without offset. */
  local: string;
  /** Set where a clock change moved this fire or makes its local time come twice. */
  dst: DstMark | null;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface PageInput {
  limit?: number;
  cursor?: string;
}

/** One verdict, or a stretch of instants that shared one (`until` and `count`). */
export interface Occurrence {
  dueAt: Instant;
  until: Instant | null;
  count: number;
  verdict: Verdict;
  reason: string | null;
  runId: string | null;
}

export interface SchedulerItem {
  pipelineId: string;
  name: string;
  labels: Record<string, string>;
  schedule: ScheduleSource | null;
  scheduleWords: string | null;
  timezone: string | null;
  enabled: boolean;
  paused: Pause | null;
  lastRunAt: Instant | null;
  lastRunStatus: RunStatus | null;
  lastRunId: string | null;
  expectedAt: Instant | null;
  lagMinutes: number | null;
  nextFires: NextFire[];
  recent: Occurrence[];
}

export interface SchedulerHealth {
  lastTickAt: Instant | null;
  tickLagSeconds: number | null;
  oldestDueUnfiredAt: Instant | null;
  clockSkewMs: number | null;
  now: Instant;
}

export interface PipelineListItem {
  id: string;
  name: string;
  description: string;
  owner: string;
  labels: Record<string, string>;
  liveVersion: number | null;
  latestVersion: number;
  schedule: ScheduleSource | null;
  scheduleWords: string | null;
  timezone: string | null;
  paused: Pause | null;
  lastRunAt: Instant | null;
  lastRunStatus: RunStatus | null;
  lastRunId: string | null;
  createdAt: Instant;
  updatedAt: Instant;
}

export interface PipelineDetail extends PipelineListItem {
  policies: Policies | null;
  nextFires: NextFire[];
}

export interface PipelineIr {
  pipelineId: string;
  version: number;
  liveVersion: number | null;
  latestVersion: number;
  createdBy: string;
  createdAt: Instant;
  document: PipelineDocument;
}

export interface PipelineVersion {
  version: number;
  isLive: boolean;
  createdBy: string;
  createdAt: Instant;
  publishedAt: Instant | null;
  /** Who approved it when it last went live by a change request. */
  approval: { requestId: string; approvedBy: { stage: string; voter: string; votedAt: Instant }[] } | null;
}

export interface SqlPreviewNode {
  nodeId: string;
  kind: string;
  columns: { name: string; type: string }[];
  statements: { purpose: string; sql: string }[];
}

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

export type EventStatus = 'pending' | 'processing' | 'published' | 'failed' | 'discarded';

export interface OutboxSummary {
  pending: number;
  processing: number;
  published: number;
  failed: number;
  oldestPendingAgeSeconds: number | null;
}

export interface OutboxEventItem {
  id: string;
  type: string;
  key: string;
  status: EventStatus;
  attempts: number;
  requeueCount: number;
  payloadBytes: number;
  lastError: string | null;
  errorId: string | null;
  availableAt: Instant;
  createdAt: Instant;
  updatedAt: Instant;
  publishedAt: Instant | null;
  failedAt: Instant | null;
}

export interface OutboxEventDetail extends OutboxEventItem {
  payload: unknown;
  headers: Record<string, string>;
  lane: number;
}

export interface OutboxEventFilter {
  key?: string;
  type?: string;
  /** An id, or how a key or a type begins. */
  search?: string;
}

/** Minutes that the outbox's history can show. */
export type OutboxWindow = 15 | 60 | 360 | 1_440;

/** What waited is null where nobody looked; ages are null where nothing was published. */
export interface OutboxPoint {
  at: Instant;
  pending: number | null;
  processing: number | null;
  failed: number | null;
  oldestPendingAgeSeconds: number | null;
  published: number;
  ageP50Ms: number | null;
  ageP95Ms: number | null;
  ageP99Ms: number | null;
}

export interface OutboxPublisher {
  id: string;
  backend: string;
  startedAt: Instant;
  lastSeenAt: Instant;
  isSilent: boolean;
  lanes: number[];
}

/** Which failed events: some, or all that a filter names. With `dryRun` they are only counted, as `remaining`. */
type FailedEvents = ({ ids: string[] } | { filter: OutboxEventFilter }) & { dryRun?: boolean };

export type { DsarRequest, PurgeReceipt, RetentionHold, RetentionOverview, RetentionPolicy, RetentionPreview };
export type RetentionMode = RetentionOverview['mode'];
export type DataClass = RetentionPolicy['dataClass'];
export type RetentionPlanClass = NonNullable<PurgeReceipt['plan'][DataClass]>;

/** A tenant's own log, or that of what belongs to no tenant. */
export type AuditLog = 'tenant' | 'instance';
export type { AuditFilter, AuditLogEntry, AuditLogItem, AuditVerdict, ChainSeal, QuarantinedRow, SiemShipping };

/** `partial`: some tenants failed. `abandoned`: its process went silent or was stopped. */
export type CronOutcome = 'running' | 'succeeded' | 'partial' | 'failed' | 'abandoned';
export interface CronTenantOutcome {
  tenantId: string;
  tenant: string;
  ok: boolean;
  counts: Record<string, number>;
  errors: string[];
}
export interface CronRun {
  id: string;
  job: string;
  slot: Instant | null;
  trigger: 'schedule' | 'http' | 'operator';
  requestedBy: string;
  params: Record<string, string>;
  attempt: number;
  processId: string;
  startedAt: Instant;
  finishedAt: Instant | null;
  outcome: CronOutcome;
  isSilent: boolean;
  counts: Record<string, number>;
  error: string | null;
  perTenant: CronTenantOutcome[];
}
/** A parameter of a run: a flag is sent as `1`, an instant as ISO 8601 in UTC. */
export interface CronJobOption {
  name: string;
  label: string;
  kind: 'flag' | 'instant';
}
export interface CronJob {
  name: string;
  path: string;
  summary: string;
  /** In UTC; null: nothing here fires it. */
  schedule: string | null;
  scheduleInWords: string | null;
  defaultSchedule: string | null;
  recommended: string | null;
  /** Null: no worker has started yet. */
  firedBy: 'worker' | 'http' | 'both' | null;
  isSelfTimed: boolean;
  nextFireAt: Instant | null;
  options: CronJobOption[];
  isRequested: boolean;
  lastRun: CronRun | null;
  recentOutcomes: { id: string; outcome: CronOutcome; startedAt: Instant }[];
}

export interface MyTenant {
  id: string;
  slug: string;
  name: string;
  role: 'viewer' | 'operator' | 'admin';
  status: 'active' | 'suspended';
  isCurrent: boolean;
}

export interface PagesApi {
  fleet: FleetApi;
  connections: ConnectionsApi;
  limits: LimitsApi;
  accounts: AccountsApi;
  audit: {
    list(input: PageInput & AuditFilter): Promise<Page<AuditLogItem>>;
    get(input: { id: string; log: AuditLog }): Promise<AuditLogEntry>;
    chain(input: { log: AuditLog }): Promise<ChainSeal>;
    verify(input: { log: AuditLog }): Promise<AuditVerdict>;
  };
  scheduler: {
    status(input: PageInput & { label?: string[] }): Promise<Page<SchedulerItem> & { health: SchedulerHealth }>;
  };
  pipelines: {
    list(input: PageInput & { label?: string[]; search?: string }): Promise<Page<PipelineListItem>>;
    get(input: { id: string }): Promise<PipelineDetail>;
    ir(input: { id: string; version?: number }): Promise<PipelineIr>;
    versions(input: PageInput & { id: string }): Promise<Page<PipelineVersion>>;
    create(input: { document: unknown; publish?: boolean }): Promise<{ id: string; name: string; version: number }>;
    saveIr(input: { id: string; baseVersion: number; document: unknown }): Promise<{ id: string; version: number }>;
    publish(input: { id: string; version?: number }): Promise<Published>;
    validate(input: { document: unknown }): Promise<{ ok: boolean; problems: Problem[]; nodes: SqlPreviewNode[] }>;
    sqlPreview(input: { id: string }): Promise<{ version: number; problems: Problem[]; nodes: SqlPreviewNode[] }>;
    run(input: { id: string }): Promise<{ runId: string }>;
    pause(input: { id: string; reason: string; until?: string }): Promise<unknown>;
    resume(input: { id: string }): Promise<unknown>;
    occurrences(input: PageInput & { id: string }): Promise<Page<Occurrence>>;
  };
  outbox: {
    summary(): Promise<OutboxSummary>;
    list(input: PageInput & OutboxEventFilter & { status?: EventStatus }): Promise<Page<OutboxEventItem>>;
    get(input: { id: string }): Promise<OutboxEventDetail>;
    history(input: { minutes: OutboxWindow }): Promise<{ stepSeconds: number; points: OutboxPoint[] }>;
    publishers(): Promise<{ items: OutboxPublisher[]; unheldLanes: number[] }>;
    requeue(input: FailedEvents): Promise<{ changed: number; remaining: number }>;
    discard(input: FailedEvents): Promise<{ changed: number; remaining: number }>;
  };
  approvals: ApprovalsApi;
  gitops: GitopsApi;
  models: ModelsApi;
  engagement: {
    summary(): Promise<EngagementSummary>;
    list(input: PageInput & { band?: EngagementBand; search?: string }): Promise<Page<EngagementItem>>;
  };
  alerts: {
    rules(): Promise<{ items: AlertRule[] }>;
    metrics(): Promise<{ items: AlertMetricItem[] }>;
    events(input: PageInput & { ruleId?: string }): Promise<Page<AlertEvent>>;
    createRule(input: AlertRuleInput): Promise<{ id: string }>;
    updateRule(input: AlertRuleInput & { id: string }): Promise<{ id: string }>;
    deleteRule(input: { id: string }): Promise<{ id: string }>;
    testRule(input: { id: string }): Promise<{ id: string }>;
  };
  reports: {
    templates(): Promise<{ items: ReportTemplateItem[] }>;
    schedules(): Promise<{ items: ReportSchedule[] }>;
    list(input: PageInput & { scheduleId?: string }): Promise<Page<ReportItem>>;
    get(input: { id: string }): Promise<ReportDetail>;
    createSchedule(input: ReportScheduleInput): Promise<{ id: string }>;
    updateSchedule(input: ReportScheduleInput & { id: string }): Promise<{ id: string }>;
    deleteSchedule(input: { id: string }): Promise<{ id: string }>;
    runNow(input: { id: string }): Promise<{ reportId: string }>;
  };
  siem: {
    quarantine(
      input: PageInput & { state?: QuarantinedRow['state'] },
    ): Promise<Page<QuarantinedRow> & { shipping: SiemShipping }>;
    requeue(input: { ids: string[] }): Promise<{ changed: number }>;
    discard(input: { ids: string[] }): Promise<{ changed: number }>;
  };
  cron: {
    listJobs(): Promise<{ items: CronJob[]; mayRun: boolean }>;
    listRuns(input: PageInput & { job: string }): Promise<Page<CronRun>>;
    runNow(input: { job: string; params: Record<string, string> }): Promise<{ requestId: string; job: string }>;
  };
  retention: {
    overview(): Promise<RetentionOverview>;
    preview(): Promise<RetentionPreview>;
    setPolicy(input: {
      dataClass: DataClass;
      retentionDays: number;
      legalHold: boolean;
      note: string;
    }): Promise<RetentionPolicy>;
    setMode(input: { mode: RetentionMode }): Promise<RetentionOverview>;
    listHolds(input: PageInput & { state: 'active' | 'all' }): Promise<Page<RetentionHold>>;
    placeHold(input: PlaceHoldInput): Promise<PlacedHold>;
    releaseHold(input: { id: string; reason: string }): Promise<RetentionHold>;
    receipts(input: PageInput): Promise<Page<PurgeReceipt>>;
  };
  dsar: {
    list(input: PageInput & { state?: 'open' | 'closed' | 'all'; customerId?: string }): Promise<Page<DsarRequest>>;
    get(input: { id: string }): Promise<DsarRequest>;
    create(input: {
      customerId: string;
      kind: DsarRequest['kind'];
      note: string;
      dueAt?: string;
      acceptEmpty: boolean;
    }): Promise<DsarRequest>;
    run(input: { id: string }): Promise<DsarRequest>;
    cancel(input: { id: string; reason: string }): Promise<DsarRequest>;
    link(input: { id: string }): Promise<DsarLink>;
  };
  runs: {
    list(input: PageInput & { pipelineId?: string; status?: RunStatus }): Promise<Page<RunListItem>>;
    get(input: { id: string }): Promise<RunDetail>;
    cancel(input: { id: string }): Promise<{ status: RunStatus; isPending: boolean }>;
    dlq(input: PageInput & { id: string }): Promise<Page<DlqEntry>>;
  };
}
