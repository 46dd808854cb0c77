// What people of the tenant wrote: documents, rules, reasons, comments. A customer's id may stand in it, as in a filter
// `customer_id <> 'c17'`. None of it is changed: what an exception means without its id only they know. It is counted as
// possible, so that a receipt says where to look.
import type { Store } from './inventory.ts';

const written = (table: string, store: Pick<Store, 'looks' | 'excused'> & Partial<Pick<Store, 'keys'>>): Store => ({
  ...{ table, keys: [{ column: 'id', type: 'uuid' }], onMention: 'keep', given: 'none' },
  ...store,
});

export const WRITTEN_BY_PEOPLE: readonly Store[] = [
  written('pipelines', { looks: ['name', 'description'], excused: ['owner'] }),
  written('pipeline_versions', {
    keys: [
      { column: 'pipeline_id', type: 'uuid' },
      { column: 'version', type: 'int' },
    ],
    ...{ looks: ['ir'], excused: ['digest', 'created_by'] },
  }),
  written('schedules', { looks: ['pause_reason'], excused: ['schedule', 'policies', 'paused_by'] }),
  written('gitops_documents', { looks: ['file', 'name', 'document', 'problems'], excused: [] }),
  written('models', {
    looks: ['name', 'source_table', 'features', 'label', 'positive', 'negative'],
    excused: ['kind', 'cron', 'timezone', 'created_by', 'updated_by'],
  }),
  written('model_promotions', { looks: ['reason'], excused: ['promoted_by'] }),
  written('approval_requests', {
    looks: ['close_reason'],
    excused: [
      ...['target_hash', 'state', 'selectors', 'requested_by', 'authors', 'closed_by', 'counted'],
      ...['rules_before', 'rules_after'],
    ],
  }),
  written('approval_votes', {
    keys: [
      { column: 'request_id', type: 'uuid' },
      { column: 'stage', type: 'int' },
      { column: 'user_id', type: 'uuid' },
    ],
    ...{ looks: ['comment'], excused: ['voter'] },
  }),
  written('tenant_stops', { looks: ['reason'], excused: ['running', 'stopped_by', 'resumed_by'] }),
  written('retention_policies', {
    keys: [{ column: 'data_class', type: 'text' }],
    ...{ looks: ['note'], excused: ['data_class', 'updated_by'] },
  }),
];
