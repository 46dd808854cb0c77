export { scheduledRetrainsJob } from './retrain-job.ts';
export { modelProcedures } from './router.ts';
export type { Model, ModelTable, ModelVersion, ModelVersionDetail } from './schemas.ts';
