// The part of the API that the pages call, as the pages see it. The in-process tRPC caller is passed where this
// is asked for, so a procedure that changes shape fails to compile at the one place that hands it over.
// A group of views has its file in pages-api/, with the shapes that its calls answer.
import type { AccountsApi } from './pages-api/accounts.ts';
import type { AlertsApi } from './pages-api/alerts.ts';
import type { ApprovalsApi } from './pages-api/approvals.ts';
import type { AuditApi, SiemApi } from './pages-api/audit.ts';
import type { ConnectionsApi } from './pages-api/connections.ts';
import type { CronApi } from './pages-api/cron.ts';
import type { DsarApi } from './pages-api/dsar.ts';
import type { EngagementApi } from './pages-api/engagement.ts';
import type { GitopsApi } from './pages-api/gitops.ts';
import type { LimitsApi } from './pages-api/limits.ts';
import type { ModelsApi } from './pages-api/models.ts';
import type { OutboxApi } from './pages-api/outbox.ts';
import type { PipelinesApi } from './pages-api/pipelines.ts';
import type { ReportsApi } from './pages-api/reports.ts';
import type { RetentionApi } from './pages-api/retention.ts';
import type { RunsApi } from './pages-api/runs.ts';
import type { SchedulerApi } from './pages-api/schedules.ts';
import type { FleetApi } from './pages-api/stops.ts';

export type * from './pages-api/accounts.ts';
export type * from './pages-api/alerts.ts';
export type * from './pages-api/approvals.ts';
export type * from './pages-api/audit.ts';
export type * from './pages-api/connections.ts';
export type * from './pages-api/cron.ts';
export type * from './pages-api/dsar.ts';
export type * from './pages-api/engagement.ts';
export type * from './pages-api/gitops.ts';
export type * from './pages-api/limits.ts';
export type * from './pages-api/models.ts';
export type * from './pages-api/outbox.ts';
export type * from './pages-api/pipelines.ts';
export type * from './pages-api/reports.ts';
export type * from './pages-api/retention.ts';
export type * from './pages-api/runs.ts';
export type * from './pages-api/schedules.ts';
export type * from './pages-api/stops.ts';
export type * from './pages-api/wire.ts';

export interface PagesApi {
  fleet: FleetApi;
  connections: ConnectionsApi;
  limits: LimitsApi;
  accounts: AccountsApi;
  audit: AuditApi;
  scheduler: SchedulerApi;
  pipelines: PipelinesApi;
  outbox: OutboxApi;
  approvals: ApprovalsApi;
  gitops: GitopsApi;
  models: ModelsApi;
  engagement: EngagementApi;
  alerts: AlertsApi;
  reports: ReportsApi;
  siem: SiemApi;
  cron: CronApi;
  retention: RetentionApi;
  dsar: DsarApi;
  runs: RunsApi;
}
