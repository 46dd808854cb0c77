// Who may do what to which table, declared once and applied after every migration. The table below is the
// whole of it; db/access.db.test.ts holds the live catalogue to it (row security forced, no unused grants).
//
// Roles, all with the installation's prefix because roles are cluster-wide:
//   <prefix>_app      web and API: sees only the tenant that the transaction names
//   <prefix>_worker   scheduler and runner: the same, but all tenants on the queue and schedule tables
//   <prefix>_auth     owns the look-ups that run before a tenant is known; cannot log in
//   <prefix>_t_<…>    one per tenant: owns that tenant's data schema; all that compiled SQL can be

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
  outbox_backends: { tenantColumn: null, app: NONE, worker: ['SELECT', 'INSERT'] },
  alert_loop: { tenantColumn: null, app: NONE, worker: ['SELECT', 'UPDATE'] },
  alert_rules: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    worker: ['SELECT', 'UPDATE'],
  },
  alert_events: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT'], worker: ['SELECT', 'INSERT', 'DELETE'] },
  alert_deliveries: {
    tenantColumn: 'tenant_id',
    app: ['SELECT', 'INSERT'],
    worker: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
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
  approval_settings: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: NONE },
  // Decided requests and votes are kept as they are: nobody may delete them, or change a vote.
  approval_requests: { tenantColumn: 'tenant_id', app: ['SELECT', 'INSERT', 'UPDATE'], worker: ['SELECT', 'UPDATE'] },
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

/** Security-definer functions that only the named roles may call; all are owned by the auth role. */
export const AUTH_FUNCTIONS = [
  'auth_login(text)',
  'auth_session_open(uuid, bytea, text, int)',
  'auth_session(bytea, int)',
  'auth_sessions_alive(bytea[], int)',
  'auth_session_close(bytea)',
  'auth_key(bytea)',
  'auth_login_count(text, int)',
  'auth_tenants(uuid)',
  'auth_session_switch(uuid, uuid, uuid)',
  'auth_invite(bytea)',
  'auth_invites_of(text)',
  'auth_user_make(text, text, text)',
  'auth_reset(bytea)',
  'auth_reset_use(bytea)',
  'auth_identity(text, text, text)',
  'auth_identity_bind(text, text, uuid)',
  'account_people()',
  'account_sessions(uuid, uuid, int)',
  'account_sessions_revoke(uuid, uuid, uuid, uuid)',
  'account_self(uuid)',
  'account_profile(uuid, text)',
  'account_password(uuid)',
  'account_password_set(uuid, text)',
  'account_reach(uuid, uuid)',
  'account_reset_make(uuid, bytea, int, text, uuid)',
  'instance_tenants()',
  'instance_tenant_suspend(uuid, text, text)',
  'auth_login_tenants(text)',
  'approval_people()',
];

/** The same for the worker: what it may know of all tenants. */
export const WORKER_FUNCTIONS = [
  'queue_tenants()',
  'cron_tenants()',
  'cron_prune_sessions(int, int)',
  'cron_prune_login_attempts(int)',
  'cron_prune_invites(int, int)',
  'cron_prune_password_resets(int, int)',
  'suspended_tenants()',
  // Which votes count at the end of what expired.
  'approval_people()',
];

/** What the app may do as the owner, who alone may create roles: a tenant, and nothing else. */
export const OWNER_FUNCTIONS = ['instance_tenant_make(uuid, text, text)'];

/** The same for the worker: partitions are the owner's to drop. */
export const WORKER_OWNER_FUNCTIONS = ['retention_drop_partition(text, text)'];

/** Functions that let tenant SQL wait, lock, read settings or run text; taken from PUBLIC where we may. */
export const DANGEROUS_FUNCTIONS = [
  'set_config(text, text, boolean)',
  'pg_sleep(double precision)',
  'pg_sleep_for(interval)',
  'pg_sleep_until(timestamptz)',
  'query_to_xml(text, boolean, boolean, text)',
  'query_to_xml_and_xmlschema(text, boolean, boolean, text)',
  'query_to_xmlschema(text, boolean, boolean, text)',
  ...['pg_advisory_lock', 'pg_advisory_xact_lock', 'pg_try_advisory_lock', 'pg_try_advisory_xact_lock'].flatMap(
    (name) => [`${name}(bigint)`, `${name}(int, int)`, `${name}_shared(bigint)`, `${name}_shared(int, int)`],
  ),
  'pg_notify(text, text)',
];

export type RoleNames = { app: string; worker: string; auth: string };

export function roleNames(prefix: string): RoleNames {
  return { app: `${prefix}_app`, worker: `${prefix}_worker`, auth: `${prefix}_auth` };
}

const ident = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Creates the login roles where they are missing and sets their passwords. Names are checked by the caller. */
export function roleStatements(roles: RoleNames, passwords: { app: string; worker: string }): string[] {
  const make = (name: string, options: string) =>
    `DO $$ BEGIN CREATE ROLE ${ident(name)} ${options}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
  return [
    make(roles.auth, 'NOLOGIN'),
    make(roles.app, 'LOGIN NOINHERIT'),
    make(roles.worker, 'LOGIN NOINHERIT'),
    `ALTER ROLE ${ident(roles.app)} PASSWORD ${literal(passwords.app)}`,
    `ALTER ROLE ${ident(roles.worker)} PASSWORD ${literal(passwords.worker)}`,
    // CREATEROLE gives the maker ADMIN but not SET; owning functions as the auth role needs SET.
    `DO $$ BEGIN GRANT ${ident(roles.auth)} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE; EXCEPTION WHEN OTHERS THEN
       IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN RAISE; END IF; END $$`,
  ];
}

/** Row security, policies and grants of every table, and the functions' owners. Idempotent. */
export function accessStatements(roles: RoleNames): string[] {
  const statements = [
    'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    `GRANT USAGE ON SCHEMA public TO ${ident(roles.app)}, ${ident(roles.worker)}, ${ident(roles.auth)}`,
  ];
  for (const [table, access] of Object.entries(TABLE_ACCESS)) {
    const name = `public.${ident(table)}`;
    for (const [role, verbs] of [
      [roles.app, access.app],
      [roles.worker, access.worker],
      [roles.auth, access.auth ?? NONE],
    ] as const) {
      statements.push(`REVOKE ALL ON ${name} FROM ${ident(role)}`);
      if (verbs.length > 0) statements.push(`GRANT ${verbs.join(', ')} ON ${name} TO ${ident(role)}`);
    }
    if (access.tenantColumn) statements.push(...policyStatements(table, access, roles));
  }
  for (const [role, functions] of [
    [roles.app, AUTH_FUNCTIONS],
    [roles.worker, WORKER_FUNCTIONS],
  ] as const) {
    for (const signature of functions) {
      statements.push(
        `GRANT CREATE ON SCHEMA public TO ${ident(roles.auth)}`,
        `ALTER FUNCTION public.${signature} OWNER TO ${ident(roles.auth)}`,
        `REVOKE CREATE ON SCHEMA public FROM ${ident(roles.auth)}`,
        `REVOKE ALL ON FUNCTION public.${signature} FROM PUBLIC`,
        `GRANT EXECUTE ON FUNCTION public.${signature} TO ${ident(role)}`,
      );
    }
  }
  for (const [role, functions] of [
    [roles.app, OWNER_FUNCTIONS],
    [roles.worker, WORKER_OWNER_FUNCTIONS],
  ] as const) {
    for (const signature of functions)
      statements.push(
        `REVOKE ALL ON FUNCTION public.${signature} FROM PUBLIC`,
        `GRANT EXECUTE ON FUNCTION public.${signature} TO ${ident(role)}`,
      );
  }
  statements.push('REVOKE ALL ON FUNCTION public.ms_ensure_partitions(int, int) FROM PUBLIC');
  return statements;
}

/** Fails closed: an unset or empty tenant matches no row. */
function policyStatements(table: string, access: TableAccess, roles: RoleNames): string[] {
  const name = `public.${ident(table)}`;
  const own = `${access.tenantColumn} = nullif(current_setting('mainspring.tenant_id', true), '')::uuid`;
  const policy = (label: string, role: string, rule: string) => [
    `DROP POLICY IF EXISTS ${ident(label)} ON ${name}`,
    `CREATE POLICY ${ident(label)} ON ${name} TO ${role} USING (${rule}) WITH CHECK (${rule})`,
  ];
  return [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    ...policy('own_tenant', `${ident(roles.app)}, ${ident(roles.worker)}`, own),
    ...(access.isWorkerWide ? policy('queue', ident(roles.worker), 'true') : []),
    ...(access.auth ? policy('before_tenant', ident(roles.auth), 'true') : []),
    // Migrations and seeds run as the owner, who need not be a superuser; no process serves requests as it.
    ...policy('owner', 'CURRENT_USER', 'true'),
  ];
}
