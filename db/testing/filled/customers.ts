// What is recorded of customers, the events of it, how long it is kept, and what they ask about it.
import { createHmac, randomBytes } from 'node:crypto';
import { laneOf } from '../../outbox-lane.ts';
import type { MakeRows } from './rows.ts';

export const customerRows: MakeRows = (ids, { at }) => {
  const tenant_id = ids.tenantId;
  const subjectKey = randomBytes(32);
  return {
    outbox_events: [
      {
        ...{
          tenant_id,
          id: ids.eventId,
          type: 'filled.v1',
          key: ids.slug,
          payload: { secret: `event of ${ids.slug}` },
        },
        ...{ lane: laneOf(tenant_id, ids.slug), payload_bytes: 22 + ids.slug.length, headers_bytes: 2 },
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
  };
};
