export { approveChange } from './approve-change.ts';
export { getPipelineRow, type PipelineRow } from './find-pipeline.ts';
export { labelCondition, labelsOf } from './labels.ts';
export { publishVersion } from './publish-version.ts';
export { approveProcedure, pipelineProcedures } from './router.ts';
export { createPipeline, getVersion, saveIr } from './save-version.ts';
export {
  DocumentProblem,
  DocumentToSave,
  LabelFilter,
  NextFire,
  NodeSql,
  PageInput,
  PipelineItem,
  PipelineRef,
} from './schemas.ts';
export { compileDocument } from './validate-document.ts';
