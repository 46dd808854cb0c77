export { at, EVERY_MINUTE, EVERY_TEN, openTicks, type ScheduleOptions } from './ticks.ts';
