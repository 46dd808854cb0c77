/**
 * Tables that no erasure looks into, each with the reason. A table with a tenant's rows is here or in the inventory: a
 * new one is put into one of them, or the test of the inventory fails.
 */
export const NOT_SEARCHED: Readonly<Record<string, string>> = {
  ...because('holds people who work here and their ways in, not the subjects of the data', [
    'users',
    'user_identities',
    'memberships',
    'invites',
    'password_resets',
    'access_givings',
    'sessions',
    'login_attempts',
    'api_keys',
  ]),
  ...because('is configuration that people of the tenant wrote', [
    'tenants',
    'pipeline_labels',
    'connections',
    'webhook_addresses',
    'alert_rules',
    'alert_events',
    'report_schedules',
    'engagement_settings',
    'gitops_sources',
    'gitops_checks',
    'retention_settings',
    'tenant_limits',
    'approval_settings',
    'approval_stages',
    'dsar_settings',
    'dsar_bundles',
  ]),
  ...because('holds figures, positions and hashes only', [
    'audit_seals',
    'audit_seal_position',
    'audit_checks',
    'occurrences',
    'run_queue',
    'checkpoints',
    'outbox_lanes',
    'outbox_counters',
    'outbox_depth',
    'outbox_flow',
    'outbox_sampling',
    'outbox_publishers',
    'outbox_backends',
    'blob_stores',
    'attachment_blobs',
    'retention_purges',
    'retention_blobs',
    'detached_months',
    'export_checkpoints',
    'reports',
    'alert_loop',
  ]),
  ...because('is the installation’s, without data of any tenant', [
    'installation',
    'cron_jobs',
    'cron_runs',
    'cron_requests',
    'siem_destinations',
    'scheduler_state',
    'encryption_keys',
    'instance_stops',
    'log_levels',
    'processes',
  ]),
};

function because(reason: string, tables: readonly string[]): Record<string, string> {
  return Object.fromEntries(tables.map((table) => [table, reason]));
}
