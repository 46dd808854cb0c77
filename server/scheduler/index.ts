export { latestExpected } from './latest-expected.ts';
export { msToNextDue } from './read-due.ts';
export { schedulerProcedures } from './router.ts';
export { schedulerHealth } from './status.ts';
export { type TickResult, tick } from './tick.ts';
