// Keys, invites, connections and limits, and the log of what was done.
import { hash, type MakeRows } from './rows.ts';

export const accountRows: MakeRows = (ids, { at }) => {
  const tenant_id = ids.tenantId;
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
    siem_quarantine: [{ tenant_id, destination: 'filled', audit_id: ids.auditId, status: 400, reason: ids.slug }],
  };
};
