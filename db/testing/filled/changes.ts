// How pipelines change: requests that people decide, and a Git repository.
import type { MakeRows } from './rows.ts';

export const changeRows: MakeRows = (ids, { at, document }) => {
  const tenant_id = ids.tenantId;
  const ofPipeline = { tenant_id, pipeline_id: ids.pipelineId };
  return {
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
  };
};
