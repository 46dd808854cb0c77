// The scheduler, the shipping of the log, and the cron jobs.
import { newId } from '#server/lib/index.ts';
import { after, team, type Walks } from './names.ts';

export const INPUTS: Walks = {
  'scheduler.status': (names) => [{ limit: 200 }, { limit: 200, label: [team(names)] }],
  'siem.quarantine': () => [{}, { state: 'open', cursor: after(newId(), 'x') }],
  'siem.requeue': (names) => [{ ids: [names.auditId] }],
  'siem.discard': (names) => [{ ids: [names.auditId] }],
  // The jobs are the installation's; each caller sees what they did for its own tenant.
  'cron.listJobs': () => [{}],
  'cron.listRuns': () => [{ job: 'cleanup', limit: 200 }],
  'cron.runNow': () => [{ job: 'cleanup' }],
};

export const ANSWERS_ALL: readonly string[] = [
  'siem.quarantine',
  'cron.listJobs',
  'cron.listRuns',
  'cron.runNow',
  'scheduler.status',
];
