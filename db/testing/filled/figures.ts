// What is told of a tenant's figures, and what is learned from its tables.
import type { MakeRows } from './rows.ts';

export const figureRows: MakeRows = (ids, { at }) => {
  const tenant_id = ids.tenantId;
  return {
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
    webhook_addresses: [{ tenant_id, id: ids.alertRuleId }],
    alert_deliveries: [{ tenant_id, event_id: ids.alertRuleId, channel: { kind: 'log' }, status: 'sent' }],
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
    engagement_scores: [
      {
        ...{ tenant_id, customer_id: ids.slug, score: 70, band: 'hot', last_interaction_at: at },
        ...{ interactions_90_days: 10, outcomes: 1, positive_outcomes: 1, computed_at: at },
      },
    ],
    engagement_settings: [{ tenant_id, computed_at: at, customers: 1 }],
  };
};
