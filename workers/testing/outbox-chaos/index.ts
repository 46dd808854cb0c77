export { createCrowd, createRandom } from './crowd.ts';
export { type ChaosDatabase, createStore, openChaosDatabase } from './database.ts';
export { type Findings, judge, type StoredEvent } from './oracle.ts';
export { report } from './report.ts';
