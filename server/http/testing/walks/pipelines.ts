// Pipelines, how they change, and their runs.
import { newId } from '#server/lib/index.ts';
import { after, byRef, document, team, type Walks } from './names.ts';

export const INPUTS: Walks = {
  'pipelines.list': (names) => [
    { limit: 200 },
    { limit: 200, label: [team(names)] },
    { limit: 200, search: names.pipelineName },
    { limit: 200, cursor: after(names.pipelineName.slice(0, -1)) },
  ],
  'pipelines.get': (names) => byRef(names),
  'pipelines.ir': (names) => [...byRef(names), ...byRef(names, { version: 1 })],
  'pipelines.versions': (names) => byRef(names, { limit: 10 }),
  'pipelines.sqlPreview': (names) => [...byRef(names), ...byRef(names, { version: 1 })],
  'pipelines.occurrences': (names) => [
    ...byRef(names, { limit: 10 }),
    { id: names.pipelineId, limit: 10, cursor: after(new Date().toISOString()) },
  ],
  'pipelines.validate': (names) => [{ document: document('mine', names.table) }],
  'pipelines.create': (names) => [{ document: document('mine', names.table), publish: true }],
  'pipelines.saveIr': (names) => byRef(names, { baseVersion: 3, document: document(names.pipelineName, names.table) }),
  'pipelines.pause': (names) => byRef(names, { reason: 'mine now' }),
  'pipelines.resume': (names) => byRef(names),
  'pipelines.publish': (names) => [...byRef(names), ...byRef(names, { version: 1 })],
  'pipelines.run': (names) => byRef(names),
  'approvals.list': (names) => [
    { limit: 200 },
    { limit: 200, pipelineId: names.pipelineId },
    { limit: 200, cursor: after(newId()) },
  ],
  'approvals.waiting': () => [{}],
  'approvals.settings': () => [{}],
  'approvals.get': (names) => [{ id: names.approvalId }, { id: names.approvalId.toUpperCase() }],
  'approvals.approve': (names) => [{ id: names.approvalId }],
  'approvals.reject': (names) => [{ id: names.approvalId, reason: 'mine' }],
  'approvals.withdraw': (names) => [{ id: names.approvalId }],
  // It names nothing; a version that is none is refused for what it says.
  'approvals.setSettings': () => [{ version: 999, selectors: [], stages: [] }],
  'gitops.status': () => [{}],
  'gitops.setSource': (names) => [{ connection: names.repositoryId }, { connection: `repository-of-${names.slug}` }],
  'gitops.removeSource': () => [{}],
  'gitops.testSource': (names) => [{ connection: names.repositoryId }],
  'gitops.check': () => [{}],
  'gitops.documents': (names) => [
    { limit: 200 },
    { limit: 200, search: names.slug },
    { limit: 200, cursor: after('0', '', newId()) },
  ],
  'gitops.document': (names) => [{ id: names.pipelineName }, { id: names.pipelineId }],
  'gitops.planSource': () => [{}],
  'gitops.applySource': (names) => [
    { checkId: names.repositoryId, items: [{ name: names.pipelineName, baseVersion: 3 }], publish: false },
  ],
  'gitops.planDocuments': (names) => [{ documents: [document(names.pipelineName, names.table)] }],
  'gitops.applyDocuments': (names) => [
    { items: [{ document: document(names.pipelineName, names.table), baseVersion: 3 }], publish: false },
  ],
  'runs.list': (names) => [
    { limit: 200 },
    { limit: 200, pipelineId: names.pipelineId },
    { limit: 200, status: 'running', cursor: after(names.runId) },
  ],
  'runs.get': (names) => [{ id: names.runId }, { id: names.runId.toUpperCase() }],
  'runs.dlq': (names) => [
    { id: names.runId, limit: 10 },
    { id: names.runId, limit: 10, cursor: after(names.dlqEntryId) },
  ],
  'runs.cancel': (names) => [{ id: names.runId }],
};

export const ANSWERS_ALL: readonly string[] = [
  'approvals.list',
  'approvals.waiting',
  'approvals.settings',
  // Refused for the version that it says; it names nothing.
  'approvals.setSettings',
  'gitops.status',
  'gitops.removeSource',
  'gitops.check',
  'gitops.documents',
  'gitops.planSource',
  'gitops.applySource',
  'gitops.planDocuments',
  'gitops.applyDocuments',
  'pipelines.list',
  'runs.list',
  'pipelines.validate',
  'pipelines.create',
];
