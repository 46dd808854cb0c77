// A pipeline of three versions with its schedule, its run and what that left.
import type { MakeRows } from './rows.ts';

export const pipelineRows: MakeRows = (ids, { at, document }) => {
  const tenant_id = ids.tenantId;
  const ofPipeline = { tenant_id, pipeline_id: ids.pipelineId };
  const schedule = { kind: 'interval', minutes: 5, phaseMinutes: 0 };
  return {
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
