import { z } from 'zod';
import { DRIFT_STATES } from '#db/schema/index.ts';
import { DocumentProblem, DocumentToSave, PageInput } from '#server/pipelines/index.ts';
import { MAX_DOCUMENTS, MAX_PLAN_DOCUMENTS } from './limits.ts';

const instant = z.iso.datetime();
const version = z.number().int();
const DriftState = z.enum(DRIFT_STATES);
const DriftCounts = z.record(DriftState, z.number().int());
/** What carrying a document out does: `publish` makes live what is saved already. */
export const PlanAction = z.enum(['create', 'save', 'publish', 'none']);
export type PlanAction = z.infer<typeof PlanAction>;

export const SetSourceInput = z.object({
  connection: z
    .string()
    .min(1)
    .max(100)
    .describe('A Git connection by id or name: its address, branch and folder are read.'),
});
export const GitopsSource = z.object({
  connection: z.string().nullable().describe('The name of the connection; null when it was removed.'),
  connectionId: z.uuid(),
  url: z.string().nullable(),
  branch: z.string().nullable(),
  folder: z.string().nullable(),
  updatedBy: z.string(),
  updatedAt: instant,
});
export const TestSourceOutput = z.object({
  ok: z.boolean(),
  message: z.string(),
  commitId: z.string().nullable(),
  files: z.number().int(),
  documents: z.number().int(),
  invalid: z.number().int(),
});
export const GitopsCheck = z.object({
  id: z.uuid(),
  checkedAt: instant,
  startedAt: instant,
  url: z.string().nullable(),
  branch: z.string().nullable(),
  folder: z.string().nullable(),
  commit: z
    .object({ id: z.string(), subject: z.string(), author: z.string(), committedAt: instant })
    .nullable()
    .describe('Null when the repository could not be read.'),
  files: z.number().int().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  isOutdated: z.boolean().describe('The connection leads elsewhere now than when it was checked.'),
});
export const GitopsStatus = z.object({
  state: z
    .enum(['not_configured', 'unchecked', 'broken', 'drifted', 'in_sync'])
    .describe('`in_sync` only when every document and every pipeline is.'),
  source: GitopsSource.nullable(),
  check: GitopsCheck.nullable(),
  counts: DriftCounts.nullable().describe('Against the pipelines as they are now; null while nothing is known.'),
});
export type GitopsStatus = z.infer<typeof GitopsStatus>;

export const ListDocumentsInput = PageInput.extend({
  state: DriftState.optional(),
  search: z.string().max(200).optional().describe('Part of the name or of the file.'),
});
export const GitopsDocument = z.object({
  id: z.uuid(),
  name: z.string().nullable().describe('Null for a document that cannot be read.'),
  state: DriftState,
  file: z.string().nullable().describe('Null for a pipeline that the repository does not have.'),
  line: z.number().int().nullable(),
  pipelineId: z.uuid().nullable(),
  latestVersion: version.nullable(),
  liveVersion: version.nullable(),
  isLatest: z.boolean().describe('The latest version says what the repository says.'),
  isLive: z.boolean().describe('So does the live version, or none is live.'),
  problem: z.string().nullable(),
});
export type GitopsDocument = z.infer<typeof GitopsDocument>;
export const GitopsDocumentPage = z.object({ items: z.array(GitopsDocument), nextCursor: z.string().nullable() });
export const DocumentRef = z.object({
  id: z.string().min(1).max(200).describe('The id or the name of the document or of its pipeline.'),
});
export const GitopsDocumentDetail = GitopsDocument.extend({
  problems: z.array(DocumentProblem),
  here: z.string().nullable().describe('YAML of what is here; of the live version when only that differs.'),
  hereVersion: version.nullable(),
  repository: z.string().nullable().describe('YAML of what the repository says.'),
});
export type GitopsDocumentDetail = z.infer<typeof GitopsDocumentDetail>;

const PlanItem = z.object({
  name: z.string().nullable(),
  state: z.enum(['in_sync', 'changed', 'missing', 'invalid']),
  action: PlanAction,
  baseVersion: version.nullable().describe('The latest version now; null when there is none. Give it to apply.'),
  liveVersion: version.nullable(),
});
const publish = z.boolean().default(true).describe('Make what is applied live.');
export const PlanDocumentsInput = z.object({
  documents: z.array(DocumentToSave).min(1).max(MAX_PLAN_DOCUMENTS),
  publish,
});
export const PlanDocumentsOutput = z.object({
  items: z.array(
    PlanItem.extend({
      needsApproval: z.boolean().describe('It would be saved, and go live only when others have approved.'),
      problems: z.array(DocumentProblem),
      here: z.string().nullable(),
      wanted: z.string().nullable(),
    }),
  ),
});
export const SourcePlan = z.object({
  checkId: z.uuid().nullable().describe('The check whose documents these are; null where none could be applied.'),
  commitId: z.string().nullable(),
  items: z.array(PlanItem.omit({ state: true }).extend({ name: z.string(), file: z.string() })),
});
export type SourcePlan = z.infer<typeof SourcePlan>;

const baseVersion = version.min(1).max(2_147_483_647).nullable().describe('As the plan gave it.');
export const ApplyDocumentsInput = z.object({
  items: z
    .array(z.object({ document: DocumentToSave, baseVersion }))
    .min(1)
    .max(MAX_PLAN_DOCUMENTS),
  publish,
});
export const ApplySourceInput = z.object({
  checkId: z.uuid().describe('As the plan gave it.'),
  items: z
    .array(z.object({ name: z.string().min(1).max(200), baseVersion }))
    .min(1)
    .max(MAX_DOCUMENTS),
  publish,
});
export const APPLY_RESULTS = ['created', 'saved', 'published', 'waiting', 'unchanged', 'stale', 'refused'] as const;
export const Applied = z.object({
  name: z.string().nullable(),
  result: z
    .enum(APPLY_RESULTS)
    .describe(
      '`waiting`: it is saved, and goes live when others approve. `stale` and `refused` changed nothing of this document.',
    ),
  version: version.nullable(),
  isPublished: z.boolean().describe('The version was made live by this.'),
  changeRequestId: z.uuid().nullable().describe('The change request, where it waits for approval.'),
  message: z.string().describe('Why, when it was not carried out or waits; else empty.'),
});
export type Applied = z.infer<typeof Applied>;
export const ApplyOutput = z.object({ items: z.array(Applied) });
