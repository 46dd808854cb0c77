export { dataInterval } from './data-interval.ts';
export {
  type Decision,
  type DueInput,
  decideDue,
  isFiring,
  lateGraceMs,
  type OccurrenceRow,
  type Verdict,
} from './decide-due.ts';
export { describeSchedule } from './describe-schedule.ts';
export type { DstMark, DstPolicy } from './fire-times.ts';
export { jitterMs } from './jitter.ts';
export { listOccurrences } from './list-occurrences.ts';
export { type Fire, nextFires } from './next-fire.ts';
export { pauseSchedule, resumeSchedule } from './pause-schedule.ts';
export { nextFireAfter, putSchedule } from './put-schedule.ts';
export { validateSchedule } from './validate-schedule.ts';
export { instantToLocal, localToInstants } from './wall-clock.ts';
