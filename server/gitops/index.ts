export { gitopsDriftCheckJob } from './drift-job.ts';
export { gitopsProcedures } from './router.ts';
export type { Applied, GitopsDocument, GitopsDocumentDetail, GitopsStatus, SourcePlan } from './schemas.ts';
export type { DriftState } from './states.ts';
