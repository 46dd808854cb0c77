export { type Component, type Health, health, isAllWell, isDatabaseReady, type Viewer } from './health.ts';
export { heartbeat } from './heartbeat.ts';
export { getLogLevels, type LogLevels, PutLogLevelInput, putLogLevel } from './log-level.ts';
export { fleetProcedures } from './router.ts';
