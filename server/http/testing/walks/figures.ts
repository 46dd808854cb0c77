// What is learned and told of a tenant's figures.
import { newId } from '#server/lib/index.ts';
import { after, type Input, type Walks } from './names.ts';

const reportSchedule = (name: string): Input => ({
  ...{ name, template: 'fleet_summary', cron: '0 6 * * *', timezone: 'Europe/Berlin', channels: [{ kind: 'log' }] },
});
const alertRule = (name: string): Input => ({
  ...{ name, metric: 'failed_runs', operator: '>', threshold: 0, channels: [{ kind: 'log' }] },
});

export const INPUTS: Walks = {
  'alerts.metrics': () => [{}],
  'alerts.rules': () => [{}],
  'alerts.events': (names) => [{ limit: 200 }, { limit: 200, ruleId: names.alertRuleId }],
  'alerts.createRule': () => [alertRule(`mine ${newId()}`)],
  'alerts.updateRule': (names) => [{ ...alertRule(`mine too ${newId()}`), id: names.alertRuleId }],
  'alerts.deleteRule': (names) => [{ id: names.alertRuleId }],
  'alerts.testRule': (names) => [{ id: names.alertRuleId }],
  'models.list': () => [{}],
  'models.tables': () => [{}],
  'models.get': (names) => [{ id: names.modelId }],
  'models.create': (names) => [
    {
      ...{ name: `mine ${newId()}`, kind: 'logistic', sourceTable: names.table, features: ['n'], label: 'is_late' },
      schedule: { cron: '0 2 * * *', timezone: 'Europe/Berlin' },
    },
  ],
  'models.update': (names) => [
    { id: names.modelId, revision: 1, sourceTable: names.table, features: ['n'], label: 'is_late' },
  ],
  // Its table is not there: a version that failed, and is told of.
  'models.train': (names) => [{ id: names.modelId }],
  'models.score': (names) => [{ id: names.modelId, version: 1, rows: [{ x: 1 }, {}] }],
  'models.versions': (names) => [{ id: names.modelId }, { id: names.modelId, limit: 1, cursor: after('2') }],
  'models.version': (names) => [{ id: names.modelId, version: 1 }],
  // The walk has changed the model's table by then.
  'models.promote': (names) => [{ id: names.modelId, version: 1, reason: 'mine now', acceptOther: true }],
  'models.delete': (names) => [{ id: names.modelId }],
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
};

export const ANSWERS_ALL: readonly string[] = [
  'alerts.metrics',
  'alerts.rules',
  'alerts.events',
  'alerts.createRule',
  'models.list',
  'models.tables',
  // A table that is nobody's is refused for what it is not.
  'models.create',
  'reports.templates',
  'reports.schedules',
  'reports.list',
  'reports.createSchedule',
  'engagement.summary',
  'engagement.list',
  'engagement.setSettings',
  'engagement.recompute',
];
