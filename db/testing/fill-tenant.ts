import { createHmac, randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { TABLE_ACCESS } from '../access.ts';
import type { Pool } from '../client.ts';

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

const hash = () => `\\x${randomBytes(32).toString('hex')}`;

/** A row of every tenant's table, by table. `document` is stored as it is, in three versions. */
const rowsOf = (ids: FilledTenant, document: unknown): Record<string, Record<string, unknown>[]> => {
  const tenant_id = ids.tenantId;
  const ofPipeline = { tenant_id, pipeline_id: ids.pipelineId };
  const schedule = { kind: 'interval', minutes: 5, phaseMinutes: 0 };
  const at = new Date(Date.now() - 3_600_000).toISOString();
  const subjectKey = randomBytes(32);
  return {
    api_keys: [{ tenant_id, id: ids.keyId, name: 'filled', prefix: 'ms_fill', key_hash: hash(), scopes: [] }],
    invites: [
      {
        ...{ tenant_id, id: ids.inviteId, email: `invited@${ids.slug}.example`, role: 'viewer', token_hash: hash() },
        ...{ created_by: 'filled', expires_at: new Date(Date.now() + 3_600_000).toISOString() },
      },
    ],
    idempotency_keys: [{ tenant_id, operation: 'filled', key: 'filled', request_hash: hash() }],
    connections: [
      {
        ...{ tenant_id, id: ids.connectionId, name: `brokers-of-${ids.slug}`, kind: 'kafka' },
        config: { brokers: [{ host: '127.0.0.1', port: 1 }], ssl: true, clientId: ids.slug },
        ...{ created_by: 'filled', updated_by: 'filled' },
      },
      {
        ...{ tenant_id, id: ids.repositoryId, name: `repository-of-${ids.slug}`, kind: 'git' },
        config: { url: `http://127.0.0.1:1/${ids.slug}.git`, branch: 'main', path: '' },
        ...{ created_by: 'filled', updated_by: 'filled' },
      },
    ],
    tenant_limits: [{ tenant_id, max_pipelines: 1_000_000, updated_by: 'filled' }],
    // Over already: an open one would keep the tenant's runs from starting.
    tenant_stops: [
      {
        ...{
          tenant_id,
          reason: `alarm of ${ids.slug}`,
          running: 'leave',
          holds_publishing: true,
          stopped_by: 'filled',
        },
        ...{ stopped_at: at, resumed_by: 'filled', resumed_at: at },
      },
    ],
    audit_log: [
      {
        tenant_id,
        id: ids.auditId,
        actor_kind: 'user',
        actor_id: `user of ${ids.slug}`,
        action: 'filled',
        target_id: ids.pipelineId,
      },
    ],
    audit_seals: [{ tenant_id, seq: 1, audit_id: ids.auditId, hash: hash() }],
    audit_checks: [{ tenant_id, head_seq: 1 }],
    pipelines: [{ tenant_id, id: ids.pipelineId, name: ids.pipelineName, latest_version: 3, live_version: 2 }],
    pipeline_labels: [{ ...ofPipeline, key: 'team', value: `team of ${ids.slug}` }],
    pipeline_versions: [1, 2, 3].map((version) => ({ ...ofPipeline, version, ir: document, digest: `${version}` })),
    schedules: [{ ...ofPipeline, id: ids.scheduleId, version: 2, schedule, policies: { dst: {} }, next_fire_at: at }],
    occurrences: [{ ...ofPipeline, schedule_id: ids.scheduleId, due_at: at, verdict: 'fired', run_id: ids.runId }],
    runs: [{ ...ofPipeline, id: ids.runId, version: 2, status: 'running', trigger: 'schedule', scheduled_for: at }],
    run_queue: [{ ...ofPipeline, run_id: ids.runId, claimed_by: 'filled', claimed_at: at, lease_until: at }],
    run_attempts: [{ tenant_id, run_id: ids.runId, attempt: 1, token: 1, runner: 'filled', status: 'running' }],
    run_nodes: [
      { tenant_id, run_id: ids.runId, node_id: 'n', attempt: 1, ordinal: 1, kind: 'source', status: 'failed' },
    ],
    dlq_entries: [
      {
        ...ofPipeline,
        id: ids.dlqEntryId,
        run_id: ids.runId,
        version: 2,
        node_id: 'n',
        rule: 'not_null',
        error_kind: 'rule',
        message: `a row of ${ids.slug}`,
        payload: { secret: `payload of ${ids.slug}` },
      },
    ],
    alert_rules: [
      {
        ...{ tenant_id, id: ids.alertRuleId, name: `rule of ${ids.slug}`, metric: 'failed_runs', operator: '>' },
        ...{ threshold: 0, window_minutes: 5, cooldown_minutes: 5, channels: [{ kind: 'log' }], created_by: 'filled' },
      },
    ],
    alert_events: [
      {
        ...{ tenant_id, id: ids.alertRuleId, rule_id: ids.alertRuleId, rule_name: `rule of ${ids.slug}` },
        ...{ metric: 'failed_runs', kind: 'firing', value: 1, operator: '>', threshold: 0 },
      },
    ],
    report_schedules: [
      {
        ...{ tenant_id, id: ids.reportId, name: `report of ${ids.slug}`, template: 'sla', cron: '0 6 * * 1' },
        ...{ timezone: 'UTC', channels: [{ kind: 'log' }], next_at: '2200-01-01T00:00:00Z', covered_to: at },
        created_by: 'filled',
      },
    ],
    reports: [
      {
        ...{ tenant_id, id: ids.reportId, schedule_id: ids.reportId, schedule_name: `report of ${ids.slug}` },
        ...{ template: 'sla', period_from: at, period_to: at, timezone: 'UTC', title: `report of ${ids.slug}` },
        ...{ figures: [], html: '<p></p>', csv: '', made_by: 'filled' },
      },
    ],
    models: [
      {
        ...{ tenant_id, id: ids.modelId, name: `model of ${ids.slug}`, kind: 'logistic', source_table: 'filled' },
        ...{ features: ['x'], label: 'y', positive: 'true', negative: 'false', latest_version: 1 },
        ...{ created_by: 'filled', updated_by: 'filled' },
      },
    ],
    model_versions: [
      {
        ...{ tenant_id, model_id: ids.modelId, version: 1, status: 'ready', trained_by: 'filled', trained_at: at },
        definition: {
          ...{ kind: 'logistic', sourceTable: 'filled', features: ['x'], label: 'y' },
          ...{ positive: 'true', negative: 'false' },
        },
        parameters: {
          ...{ intercept: 0, passes: 1 },
          terms: [
            {
              ...{ kind: 'number', feature: 'x', center: 0, scale: 1, constant: 0 },
              ...{ linear: 1, quadratic: 0, missing: 0 },
            },
          ],
        },
        ...{ started_at: at, promoted: false, reason: `not good enough for ${ids.slug}` },
      },
    ],
    model_promotions: [
      { tenant_id, model_id: ids.modelId, version: 1, reason: `promoted for ${ids.slug}`, promoted_by: 'filled' },
    ],
    alert_deliveries: [{ tenant_id, event_id: ids.alertRuleId, channel: { kind: 'log' }, status: 'sent' }],
    engagement_scores: [
      {
        ...{ tenant_id, customer_id: ids.slug, score: 70, band: 'hot', last_interaction_at: at },
        ...{ interactions_90_days: 10, outcomes: 1, positive_outcomes: 1, computed_at: at },
      },
    ],
    engagement_settings: [{ tenant_id, computed_at: at, customers: 1 }],
    // It demands nothing, so that what tests publish goes live.
    approval_settings: [{ tenant_id, selectors: [], stages: [], expiry_hours: 72, updated_by: 'filled' }],
    approval_requests: [
      {
        ...{ ...ofPipeline, id: ids.approvalId, base_version: 2, target_version: 3, target_hash: '0'.repeat(64) },
        ...{ selectors: ['team'], settings_version: 1, allow_same_person: false, requested_by: `user of ${ids.slug}` },
        ...{
          authors: [{ name: 'system:filled', userId: null }],
          requested_at: at,
          expires_at: '2200-01-01T00:00:00Z',
          state: 'open',
        },
      },
    ],
    approval_stages: [
      { tenant_id, request_id: ids.approvalId, stage: 0, name: `stage of ${ids.slug}`, approvers: 2, roles: ['admin'] },
    ],
    approval_votes: [
      {
        tenant_id,
        request_id: ids.approvalId,
        stage: 0,
        user_id: ids.userId,
        voter: `user of ${ids.slug}`,
        voted_at: at,
      },
    ],
    gitops_sources: [{ tenant_id, connection_id: ids.repositoryId, updated_by: 'filled' }],
    gitops_checks: [
      {
        ...{ tenant_id, connection_id: ids.repositoryId, url: `http://127.0.0.1:1/${ids.slug}.git`, branch: 'main' },
        // The one of its connection, so that a walk knows it.
        ...{
          id: ids.repositoryId,
          folder: '',
          started_at: at,
          commit_id: '0'.repeat(40),
          files: 1,
          counts: { in_sync: 1 },
        },
      },
    ],
    gitops_documents: [{ tenant_id, file: `${ids.slug}.yaml`, line: 1, name: ids.pipelineName, document }],
    outbox_events: [
      {
        ...{
          tenant_id,
          id: ids.eventId,
          type: 'filled.v1',
          key: ids.slug,
          payload: { secret: `event of ${ids.slug}` },
        },
        ...{ status: 'failed', failed_at: at, last_error: `refused for ${ids.slug}`, attempts: 1 },
      },
    ],
    outbox_counters: [{ tenant_id, lane: 0, published: 7 }],
    attachment_blobs: [{ tenant_id, location: `attachments/${tenant_id}/filled` }],
    outbox_depth: [{ tenant_id, at, pending: 1, processing: 0, failed: 1 }],
    outbox_flow: [{ tenant_id, at, lane: 0, published: 7, age_counts: [7] }],
    interaction_history: [
      {
        ...{ tenant_id, id: ids.interactionId, customer_id: ids.slug, offer_id: 'o', channel: 'web' },
        interaction_type: 'impression',
      },
    ],
    interaction_outcomes: [
      { tenant_id, interaction_id: ids.interactionId, customer_id: ids.slug, outcome: 'accepted' },
    ],
    decision_traces: [{ tenant_id, interaction_id: ids.interactionId, trace: { why: ids.slug } }],
    ai_attachments: [
      {
        ...{ tenant_id, interaction_id: ids.interactionId, name: 'a.txt', content_type: 'text/plain' },
        ...{ size_bytes: 1, sha256: 'filled', location: 'filled' },
      },
    ],
    retention_settings: [{ tenant_id }],
    retention_policies: [{ tenant_id, data_class: 'interaction_history', retention_days: 400, legal_hold: false }],
    retention_holds: [
      {
        ...{ tenant_id, id: ids.holdId, customer_id: ids.slug, placed_by: 'filled' },
        reason: `hold of ${ids.slug}`,
      },
    ],
    retention_purges: [
      {
        ...{ tenant_id, mode: 'per_class', retention_days: 400, plan: {}, interaction_history: 7 },
        ...{ finished_at: at, hash: `receipt of ${ids.slug}` },
      },
    ],
    retention_blobs: [{ tenant_id, location: 'purged', purge_id: ids.runId }],
    dsar_settings: [{ tenant_id, subject_key: `\\x${subjectKey.toString('hex')}` }],
    dsar_requests: [
      {
        ...{ tenant_id, id: ids.dsarId, kind: 'access', customer_id: ids.slug },
        subject_hash: createHmac('sha256', subjectKey).update(ids.slug, 'utf8').digest('hex'),
        ...{ note: `note of ${ids.slug}`, due_at: '2200-01-01T00:00:00Z', created_by: 'filled' },
      },
    ],
    dsar_bundles: [
      {
        ...{ tenant_id, request_id: ids.dsarId, location: `dsar/${tenant_id}/filled.zip`, size_bytes: 1 },
        ...{ sha256: 'filled', expires_at: '2200-01-01T00:00:00Z' },
      },
    ],
    export_checkpoints: [{ tenant_id, data_set: 'filled' }],
    siem_quarantine: [{ tenant_id, destination: 'filled', audit_id: ids.auditId, status: 400, reason: ids.slug }],
    checkpoints: [{ ...ofPipeline, node_id: 'n', position: { at: 1 }, run_id: ids.runId }],
    run_files: [
      {
        ...ofPipeline,
        node_id: 'n',
        run_id: ids.runId,
        path: 'in/a.csv',
        processing_path: 'in/.processing/a.csv',
        size_bytes: 1,
        modified_at: at,
        state: 'claimed',
      },
    ],
  };
};

/** As one JSON text: what the driver makes of objects depends on whether drizzle has used the pool before. */
async function insertRow(tx: postgres.TransactionSql, table: string, row: Record<string, unknown>): Promise<void> {
  const columns = Object.keys(row).join(', ');
  await tx.unsafe(
    `insert into ${table} (${columns}) select ${columns} from jsonb_populate_record(null::${table}, $1::text::jsonb)`,
    [JSON.stringify(row)],
  );
}

/**
 * Gives a tenant that exists a row in every tenant's table, as the owner, and returns the ids. A table that is
 * declared in TABLE_ACCESS and gets no row here is an error, so that a new table is not left out of the tests.
 */
export async function fillTenant(
  owner: Pool,
  tenant: { id: string; slug: string },
  document: unknown = { kind: 'pipeline' },
): Promise<FilledTenant> {
  const [ids] = await owner<FilledTenant[]>`
    select ${tenant.id} as "tenantId", ${tenant.slug} as slug, ${`pipeline-of-${tenant.slug}`} as "pipelineName",
      ms_uuid() as "pipelineId", ms_uuid() as "scheduleId", ms_uuid() as "runId", ms_uuid() as "dlqEntryId",
      ms_uuid() as "eventId", ms_uuid() as "interactionId", ms_uuid() as "auditId", ms_uuid() as "alertRuleId", ms_uuid() as "reportId", ms_uuid() as "modelId", ms_uuid() as "connectionId", ms_uuid() as "repositoryId", ms_uuid() as "keyId",
      ms_uuid() as "inviteId", ms_uuid() as "userId", ms_uuid() as "leaverId", ms_uuid() as "sessionId", ms_uuid() as "holdId", ms_uuid() as "approvalId", ms_uuid() as "dsarId"`;
  const tables = rowsOf(ids!, document);
  const { userId, leaverId, sessionId } = ids!;
  await owner`insert into users (id, email) values (${userId}, ${`filled@${tenant.slug}.example`}),
    (${leaverId}, ${`leaver@${tenant.slug}.example`})`;
  await owner`insert into sessions (id, token_hash, user_id, tenant_id, expires_at)
    values (${sessionId}, ${randomBytes(32)}, ${userId}, ${tenant.id}, now() + interval '1 hour')`;
  tables.memberships = [userId, leaverId].map((user_id) => ({ tenant_id: tenant.id, user_id, role: 'viewer' }));
  const missing = Object.entries(TABLE_ACCESS)
    .filter(([table, access]) => access.tenantColumn === 'tenant_id' && !tables[table])
    .map(([table]) => table);
  if (missing.length > 0) throw new Error(`fillTenant has no row for ${missing.join(', ')}`);
  await owner.begin(async (tx) => {
    for (const [table, rows] of Object.entries(tables)) for (const row of rows) await insertRow(tx, table, row);
  });
  return ids!;
}
