// How the page words and colours what the cron tier says.
import { Check, CircleSlash, LoaderCircle, TriangleAlert, Unplug, X } from 'lucide-react';
import type { CronJob, CronOutcome, CronRun } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

/** An outcome that is added to the union and not here fails to compile. */
export const outcomeLook: Record<CronOutcome, Look> = {
  running: { label: 'Running', tone: 'busy', icon: LoaderCircle },
  succeeded: { label: 'Succeeded', tone: 'ok', icon: Check },
  partial: { label: 'In part', tone: 'warn', icon: TriangleAlert },
  failed: { label: 'Failed', tone: 'bad', icon: X },
  abandoned: { label: 'Cut short', tone: 'warn', icon: Unplug },
};
const silent: Look = { label: 'Process silent', tone: 'warn', icon: Unplug };
export const never: Look = { label: 'Never ran', tone: 'idle', icon: CircleSlash };

export const lookOf = (run: Pick<CronRun, 'outcome' | 'isSilent'>): Look =>
  run.outcome === 'running' && run.isSilent ? silent : outcomeLook[run.outcome];

/** Why nothing here fires it, when nothing does. */
export function unscheduledWords(job: CronJob): string {
  if (job.firedBy === null) return 'No worker has started yet';
  if (job.firedBy === 'http') return 'Fired from outside only';
  return 'No schedule, never';
}

export const triggerWords: Record<CronRun['trigger'], string> = {
  schedule: 'schedule',
  http: 'call from outside',
  operator: 'run now',
};

/** `deletedRows` as `deleted rows`. */
export const spaced = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
