// Who may do what to which table, declared once and applied after every migration (access-statements.ts). The table below
// is the whole of it; db/access.db.test.ts holds the live catalogue to it (row security forced, no unused grants). The
// roles are those of roles.ts; who may call which function stands in access-functions.ts.

type Verb = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
export type TableAccess = {
  /** The column that row security compares with the transaction's tenant; null: not a tenant's table. */
  tenantColumn: 'tenant_id' | 'id' | null;
  app: Verb[];
  worker: Verb[];
  auth?: Verb[];
  /** The worker's policy is USING (true): the queue, schedule and outbox tables only. */
  isWorkerWide?: boolean;
};

const NONE: Verb[] = [];
export const TABLE_ACCESS: Record<string, TableAccess> = {
  installation: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT'] },
  tenants: { tenantColumn: 'id', app: ['SELECT'], worker: ['SELECT'], auth: ['SELECT', 'UPDATE'] },
  users: { tenantColumn: null, app: NONE, worker: NONE, auth: ['SELECT', 'INSERT', 'UPDATE'] },
  user_identities: { tenantColumn: null, app: NONE, worker: NONE, auth: ['SELECT', 'INSERT'] },
  memberships: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: NONE,
    auth: ['SELECT'],
  },
  invites: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: NONE, auth: ['SELECT', 'DELETE'] },
  password_resets: { tenantColumn: null, app: NONE, worker: NONE, auth: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  // A row is only added: who gave access is not to be unsaid.
  access_givings: { tenantColumn: null, app: NONE, worker: NONE, auth: ['SELECT', 'INSERT'] },
  sessions: { tenantColumn: null, app: NONE, worker: NONE, auth: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  login_attempts: { tenantColumn: null, app: NONE, worker: NONE, auth: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  api_keys: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: NONE,
    auth: ['SELECT', 'UPDATE'],
  },
  idempotency_keys: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'UPDATE', 'DELETE'],
  },
  // Nobody changes or removes what was logged or sealed. The worker reads all tenants' rows: it seals and ships them.
  audit_log: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'INSERT'], isWorkerWide: true },
  audit_seals: { tenantColumn: 'tenant_id', app: ['SELECT'], worker: ['SELECT', 'INSERT'], isWorkerWide: true },
  audit_seal_position: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'UPDATE'] },
  audit_checks: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE'],
    isWorkerWide: true,
  },
  pipelines: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT'] },
  pipeline_labels: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'DELETE'], worker: ['SELECT'] },
  pipeline_versions: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT'] },
  schedules: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'UPDATE'],
    isWorkerWide: true,
  },
  occurrences: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE'],
    isWorkerWide: true,
  },
  runs: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    isWorkerWide: true,
  },
  run_queue: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    isWorkerWide: true,
  },
  run_attempts: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  run_nodes: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  dlq_entries: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  checkpoints: { tenantColumn: 'tenant_id', app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE'] },
  run_files: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  outbox_events: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    isWorkerWide: true,
  },
  outbox_lanes: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'UPDATE'] },
  outbox_lane_owners: { tenantColumn: null, app: [], worker: ['SELECT', 'INSERT', 'UPDATE'] },
  outbox_counters: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE'],
    isWorkerWide: true,
  },
  attachment_blobs: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'DELETE'],
    worker: ['SELECT', 'UPDATE', 'DELETE'],
  },
  outbox_depth: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'DELETE'],
    isWorkerWide: true,
  },
  outbox_flow: {
    tenantColumn: 'tenant_id',
    app: ['SELECT'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    isWorkerWide: true,
  },
  outbox_sampling: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'UPDATE'] },
  outbox_publishers: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  blob_stores: { tenantColumn: null, app: ['INSERT', 'SELECT'], worker: ['INSERT', 'SELECT'] },
  outbox_backends: { tenantColumn: null, app: NONE, worker: ['SELECT', 'INSERT'] },
  alert_loop: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'UPDATE'] },
  alert_rules: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'UPDATE'],
  },
  alert_events: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'INSERT', 'DELETE'] },
  alert_deliveries: {
    tenantColumn: 'tenant_id',
    // It seals what an earlier release left in the clear.
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    // alert_oldest_due() looks at all tenants'.
    auth: ['SELECT'],
  },
  report_schedules: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'UPDATE'],
  },
  reports: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'DELETE'],
  },
  models: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'UPDATE'],
  },
  // Final once trained (a trigger says so). Of a model that is trained daily the oldest go.
  model_versions: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  model_promotions: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'INSERT'] },
  engagement_scores: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  engagement_settings: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE'],
  },
  approval_settings: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT'] },
  // Nobody changes a vote, and only the cleanup deletes, once a request has been closed for long; its votes go with it.
  approval_requests: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'UPDATE', 'DELETE'],
  },
  approval_stages: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT'] },
  approval_votes: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT'] },
  gitops_sources: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'UPDATE'],
  },
  gitops_checks: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  gitops_documents: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'DELETE'],
  },
  // The worker exports them and deletes what a retention policy says, a tenant at a time; an erasure takes its subject
  // out of what was recorded of others.
  interaction_history: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'UPDATE', 'DELETE'] },
  interaction_outcomes: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT'],
    worker: ['SELECT', 'UPDATE', 'DELETE'],
  },
  decision_traces: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'UPDATE', 'DELETE'] },
  ai_attachments: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'UPDATE', 'DELETE'] },
  // UPDATE, because its row is the lock of all retention: see the migration.
  retention_settings: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE'],
  },
  retention_policies: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT'] },
  // The worker takes an erased subject out of holds that were released.
  retention_holds: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT', 'UPDATE'] },
  retention_purges: { tenantColumn: 'tenant_id', app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE'] },
  retention_blobs: { tenantColumn: 'tenant_id', app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  // Only the owner's functions read and write what is to be dropped.
  detached_months: { tenantColumn: null, app: NONE, worker: NONE },
  export_checkpoints: { tenantColumn: 'tenant_id', app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE'] },
  dsar_settings: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT'] },
  dsar_requests: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT', 'UPDATE'] },
  dsar_bundles: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE'],
  },
  cron_jobs: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE'] },
  cron_runs: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  cron_requests: { tenantColumn: null, app: ['SELECT', 'INSERT'], worker: ['SELECT', 'INSERT', 'DELETE'] },
  siem_destinations: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'INSERT', 'UPDATE'] },
  siem_quarantine: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'UPDATE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    isWorkerWide: true,
  },
  scheduler_state: { tenantColumn: null, app: ['SELECT'], worker: ['SELECT', 'UPDATE'] },
  encryption_keys: { tenantColumn: null, app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], worker: ['SELECT'] },
  connections: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'UPDATE'],
  },
  webhook_addresses: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'DELETE'],
  },
  tenant_limits: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: NONE, auth: ['SELECT'] },
  tenant_stops: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE'],
    worker: ['SELECT'],
    auth: ['SELECT'],
    isWorkerWide: true,
  },
  instance_stops: { tenantColumn: null, app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT'], auth: ['SELECT'] },
  log_levels: {
    tenantColumn: null,
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
  processes: {
    tenantColumn: null,
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  },
};
