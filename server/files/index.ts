export { claimFiles, type FileDeps, type FileRun, type FileStep, type OnFileStep } from './claim-files.ts';
export { finishFiles, returnStrayFiles } from './finish-files.ts';
export { InboxPathError, listInputs, openInbox } from './inbox.ts';
export { fillPathTemplate, PathTemplateError, type TemplateValues } from './path-template.ts';
export { UnreadableFileError } from './record.ts';
export { type FileOutcome, type InputFile, settleFiles } from './run-files.ts';
export { type BadLine, type StagedFile, type StagedSource, stageFile } from './stage-file.ts';
