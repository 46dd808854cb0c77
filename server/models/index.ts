export { scheduledRetrainsJob } from './retrain-job.ts';
export { modelProcedures } from './router.ts';
export type { Model, ModelInput, ModelTable, ModelVersion, ModelVersionDetail } from './schemas.ts';
