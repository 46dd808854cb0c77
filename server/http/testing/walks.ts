// THE table of walks: how each procedure could be asked for another tenant's things. A procedure that is not here fails
// the tests beside it (isolation, access matrix, CSRF): add a line to INPUTS, and to ANSWERS_ALL when it answers with a
// success although what was named is nowhere. Ids to name come from fillTenant (db/testing/fill-tenant.ts).
import type { FilledTenant } from '#db/testing/fill-tenant.ts';
import { encodeCursor, newId } from '#server/lib/index.ts';

/** What a caller can name: another tenant's things, or things that are nowhere. */
export type Names = FilledTenant & { table: string };
export type Input = Record<string, unknown>;

/** Like another tenant's, but nowhere; ids as old as theirs, because ids ascend with time and cursors are ids. */
export function namesOfNowhere(theirs: Names): Names {
  const entries = Object.entries(theirs).map(([name, value]) => [
    name,
    name.endsWith('Id') ? newId() : value.replaceAll('theirs', 'nowhr1'),
  ]);
  return Object.fromEntries(entries) as Names;
}

export const document = (name: string, table: string) => ({
  kind: 'pipeline',
  version: '1.0',
  metadata: { name },
  schedule: { kind: 'interval', minutes: 5 },
  nodes: [
    { id: 'src', kind: 'source', config: { type: 'table', table } },
    { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: `${table}_copy`, mode: 'append' } },
  ],
});

const byRef = (names: Names, more: Input = {}): Input[] => [
  { id: names.pipelineId, ...more },
  { id: names.pipelineId.toUpperCase(), ...more },
  { id: names.pipelineName, ...more },
];
const team = (names: Names) => `team:team of ${names.slug}`;
const after = (...parts: string[]) => encodeCursor(parts);

const reportSchedule = (name: string): Input => ({
  ...{ name, template: 'fleet_summary', cron: '0 6 * * *', timezone: 'Europe/Berlin', channels: [{ kind: 'log' }] },
});
const alertRule = (name: string): Input => ({
  ...{ name, metric: 'failed_runs', operator: '>', threshold: 0, channels: [{ kind: 'log' }] },
});

/** How each procedure could be asked for another tenant's things. */
export const INPUTS: Record<string, (names: Names) => Input[]> = {
  'connections.list': () => [{}, { kind: 'kafka' }],
  'connections.get': (names) => [{ id: names.connectionId }, { id: `brokers-of-${names.slug}` }],
  'connections.uses': (names) => [{ id: names.connectionId }, { id: `brokers-of-${names.slug}` }],
  // A name that is taken for one of the two tenants and free for the other.
  'connections.create': () => [
    { name: 'brokers-of-mine', kind: 'webhook', secrets: { url: 'https://93.184.215.14/' } },
  ],
  'connections.update': (names) => [
    { id: names.connectionId, config: { brokers: [{ host: '93.184.215.14', port: 9092 }] } },
    { id: `brokers-of-${names.slug}`, description: 'mine now' },
  ],
  'connections.test': (names) => [{ id: names.connectionId }],
  'connections.delete': (names) => [{ id: names.connectionId }, { id: `brokers-of-${names.slug}` }],
  'connections.rotateKeys': () => [{}],
  'limits.get': () => [{}],
  'limits.put': (names) => [{ tenant: names.slug, pipelines: 1 }],
  'fleet.stopState': () => [{}],
  'fleet.stop': () => [{ reason: 'mine', running: 'leave', holdPublishing: true }],
  'fleet.resume': () => [{}],
  'fleet.stopInstance': () => [{ reason: 'mine' }],
  'fleet.resumeInstance': () => [{}],
  'accounts.me': () => [{}],
  'accounts.switchTenant': (names) => [{ tenant: names.slug }, { tenant: names.tenantId }],
  'accounts.updateProfile': () => [{ name: 'Walker' }],
  'accounts.changePassword': () => [{ currentPassword: 'a guess', newPassword: 'a spring that is wound' }],
  'accounts.mySessions': () => [{}],
  'accounts.revokeMySession': (names) => [{ id: names.sessionId }],
  'accounts.revokeMyOtherSessions': () => [{}],
  'accounts.users': (names) => [{ limit: 200 }, { limit: 200, search: names.slug }, { limit: 200, cursor: after('') }],
  'accounts.user': (names) => [{ id: names.userId }, { id: names.userId.toUpperCase() }],
  'accounts.setRole': (names) => [{ id: names.userId, role: 'operator' }],
  'accounts.disableUser': (names) => [{ id: names.userId }],
  'accounts.enableUser': (names) => [{ id: names.userId }, { id: names.userId.toUpperCase() }],
  'accounts.removeUser': (names) => [{ id: names.leaverId }],
  'accounts.resetLink': (names) => [{ id: names.userId }],
  'accounts.invites': () => [{ limit: 200 }, { limit: 200, cursor: after(newId()) }],
  'accounts.invite': () => [{ email: 'walker@example.org', role: 'viewer' }],
  'accounts.revokeInvite': (names) => [{ id: names.inviteId }],
  'accounts.sessions': () => [{}],
  'accounts.revokeSession': (names) => [{ id: names.sessionId }],
  'accounts.revokeUserSessions': (names) => [{ id: names.userId }],
  'accounts.keys': () => [{ limit: 200 }, { limit: 200, state: 'all', cursor: after(newId()) }],
  'accounts.createKey': () => [{ name: 'walker', scopes: ['runs:read'] }],
  'accounts.revokeKey': (names) => [{ id: names.keyId }],
  'accounts.tenants': () => [{ limit: 200 }],
  'accounts.createTenant': () => [{ slug: 'walked', name: 'Walked', adminEmail: 'walker@example.org' }],
  // Not the other one's slug: who may suspend it would, and the walks after it would find it so.
  'accounts.suspendTenant': () => [{ id: 'nowhere', reason: 'mine' }],
  'accounts.resumeTenant': (names) => [{ id: names.slug }],
  'accounts.inviteTenantAdmin': (names) => [{ id: names.slug, email: 'walker@example.org' }],
  'accounts.instanceResetLink': () => [{ email: 'nobody@example.org' }],
  // By action: one's own log also names what one tried to reach.
  'audit.list': (names) => [
    { limit: 200, action: 'filled' },
    { limit: 200, action: 'filled', target: names.pipelineId },
    { limit: 200, action: 'filled', actor: `user of ${names.slug}`, cursor: after(newId()) },
  ],
  'audit.get': (names) => [{ id: names.auditId }, { id: names.auditId.toUpperCase() }],
  'audit.chain': () => [{}],
  'audit.verify': () => [{}],
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
  'outbox.summary': () => [{}],
  'outbox.list': (names) => [
    { limit: 200 },
    { limit: 200, key: names.slug },
    { limit: 200, status: 'failed', cursor: after(newId()) },
    { limit: 200, search: names.eventId },
    { limit: 200, search: names.slug },
  ],
  'outbox.get': (names) => [{ id: names.eventId }, { id: names.eventId.toUpperCase() }],
  'outbox.history': () => [{}, { minutes: 1_440 }],
  'outbox.publishers': () => [{}],
  'outbox.requeue': (names) => [{ ids: [names.eventId] }, { filter: { key: names.slug } }],
  'outbox.discard': (names) => [{ ids: [names.eventId] }, { filter: { key: names.slug } }],
  // It names nothing that could be another tenant's.
  'interactions.respond': () => [{ customerId: 'c', offerId: 'o', channel: 'web', interactionType: 'impression' }],
  'interactions.recordOutcome': (names) => [{ interactionId: names.interactionId, outcome: 'accepted' }],
  'alerts.metrics': () => [{}],
  'alerts.rules': () => [{}],
  'alerts.events': (names) => [{ limit: 200 }, { limit: 200, ruleId: names.alertRuleId }],
  'alerts.createRule': () => [alertRule(`mine ${newId()}`)],
  'alerts.updateRule': (names) => [{ ...alertRule(`mine too ${newId()}`), id: names.alertRuleId }],
  'alerts.deleteRule': (names) => [{ id: names.alertRuleId }],
  'alerts.testRule': (names) => [{ id: names.alertRuleId }],
  'reports.templates': () => [{}],
  'reports.schedules': () => [{}],
  'reports.list': (names) => [{ limit: 200 }, { limit: 200, scheduleId: names.reportId }],
  'reports.get': (names) => [{ id: names.reportId }],
  'reports.createSchedule': () => [reportSchedule(`mine ${newId()}`)],
  'reports.updateSchedule': (names) => [{ ...reportSchedule(`mine too ${newId()}`), id: names.reportId }],
  'reports.runNow': (names) => [{ id: names.reportId }],
  'reports.deleteSchedule': (names) => [{ id: names.reportId }],
  'engagement.summary': () => [{}],
  'engagement.list': (names) => [
    { limit: 200 },
    { limit: 200, search: names.slug },
    { limit: 200, cursor: after('100', '') },
  ],
  'engagement.get': (names) => [{ customerId: names.slug }],
  'engagement.setSettings': () => [{ positiveOutcomes: ['accepted'] }],
  'engagement.recompute': () => [{}],
  'retention.overview': () => [{}],
  'retention.preview': () => [{}],
  'retention.receipts': () => [{}, { cursor: after(newId()) }],
  'retention.listHolds': (names) => [{}, { customerId: names.slug }, { state: 'all', cursor: after(newId()) }],
  // These name nothing that could be another tenant's.
  'retention.setPolicy': () => [{ dataClass: 'decision_traces', retentionDays: 30, note: 'mine' }],
  'retention.setMode': () => [{ mode: 'strictest' }],
  'retention.placeHold': (names) => [{ kind: 'subject', customerId: names.slug, reason: 'mine' }],
  'retention.releaseHold': (names) => [{ id: names.holdId, reason: 'mine' }],
  'scheduler.status': (names) => [{ limit: 200 }, { limit: 200, label: [team(names)] }],
  'siem.quarantine': () => [{}, { state: 'open', cursor: after(newId(), 'x') }],
  'siem.requeue': (names) => [{ ids: [names.auditId] }],
  'siem.discard': (names) => [{ ids: [names.auditId] }],
  // The jobs are the installation's; each caller sees what they did for its own tenant.
  'cron.listJobs': () => [{}],
  'cron.listRuns': () => [{ job: 'cleanup', limit: 200 }],
  'cron.runNow': () => [{ job: 'cleanup' }],
};
/** Those whose answer for names that are nowhere is a success; everywhere else it must be a 404. */
export const ANSWERS_ALL: readonly string[] = [
  'connections.list',
  'connections.create',
  'limits.get',
  'fleet.stopState',
  'fleet.stop',
  'fleet.resume',
  'siem.quarantine',
  'cron.listJobs',
  'cron.listRuns',
  'cron.runNow',
  'retention.overview',
  'retention.preview',
  'retention.receipts',
  'retention.listHolds',
  'retention.setPolicy',
  'retention.setMode',
  'accounts.me',
  'accounts.updateProfile',
  // Refused for what it says of the password; it names nothing.
  'accounts.changePassword',
  'accounts.mySessions',
  'accounts.revokeMyOtherSessions',
  'accounts.users',
  'accounts.invites',
  'accounts.invite',
  'accounts.sessions',
  'accounts.keys',
  'accounts.createKey',
  'audit.list',
  'audit.chain',
  'audit.verify',
  'outbox.summary',
  'outbox.list',
  'outbox.history',
  'outbox.publishers',
  'outbox.requeue',
  'outbox.discard',
  'alerts.metrics',
  'alerts.rules',
  'alerts.events',
  'alerts.createRule',
  'reports.templates',
  'reports.schedules',
  'reports.list',
  'reports.createSchedule',
  'engagement.summary',
  'engagement.list',
  'engagement.setSettings',
  'engagement.recompute',
  'interactions.respond',
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
  'scheduler.status',
  'pipelines.validate',
  'pipelines.create',
];
