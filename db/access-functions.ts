// Who may call which of our functions, and which of PostgreSQL's nobody may; applied with the grants on tables (access.ts).

/** Security-definer functions that only the named roles may call; all are owned by the auth role. */
export const AUTH_FUNCTIONS = [
  'auth_login(text)',
  'auth_session_open(uuid, bytea, text, int)',
  'auth_session(bytea, int, boolean)',
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
  'account_reset_make(uuid, bytea, int, text, uuid, uuid)',
  'account_given(uuid, text, text, uuid, boolean)',
  'instance_tenants()',
  'instance_tenant_suspend(uuid, text, text)',
  'auth_login_tenants(text)',
  'approval_people()',
  'approval_beholden(jsonb, timestamp with time zone)',
  // Health is asked of web and worker.
  'alert_oldest_due()',
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
  'approval_beholden(jsonb, timestamp with time zone)',
  'alert_oldest_due()',
];

/** What the app may do as the owner, who alone may create roles: a tenant, and nothing else. */
export const OWNER_FUNCTIONS = ['instance_tenant_make(uuid, text, text)'];

/** The same for the worker: partitions are the owner's to drop. */
export const WORKER_OWNER_FUNCTIONS = [
  'retention_judge_month(text, text)',
  'retention_detach_month(text)',
  'drop_detached_months()',
  'export_behind_seconds()',
];

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
