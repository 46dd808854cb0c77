import { z } from 'zod';
import { RUN_STATUSES, VERDICTS } from '#db/schema/index.ts';
import { WaitingRequest } from '#server/approvals/index.ts';
import { PipelineDocument, Policies, Schedule } from '#server/ir/index.ts';

/** Page size and position of every list. */
export const PageInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
});

/** `key:value` or `key`; several are ANDed. A single one may come bare from a query string. */
export const LabelFilter = z
  .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string().min(1).max(300)).max(20))
  .optional();

/** A pipeline by id or by name. */
export const PipelineRef = z.object({ id: z.string().min(1).max(100) });

export const ListPipelinesInput = PageInput.extend({ label: LabelFilter, search: z.string().max(200).optional() });
/** A document to save. Any JSON gets in: the operation answers with all its problems at their pointers. */
export const DocumentToSave = z.unknown();
export const CreatePipelineInput = z.object({ document: DocumentToSave, publish: z.boolean().default(false) });
/** What the column of version numbers holds. */
const MAX_VERSION = 2_147_483_647;
export const GetIrInput = PipelineRef.extend({ version: z.coerce.number().int().min(1).max(MAX_VERSION).optional() });
/** `baseVersion` is the version that was edited: another one saved since makes this 409 VERSION_STALE. */
export const SaveIrInput = PipelineRef.extend({
  baseVersion: z.number().int().min(0).max(MAX_VERSION),
  document: DocumentToSave,
});
export const PublishInput = PipelineRef.extend({ version: z.number().int().min(1).max(MAX_VERSION).optional() });
export const PausePipelineInput = PipelineRef.extend({
  reason: z.string().trim().min(1, 'say why, for whoever comes next').max(500),
  until: z.iso.datetime({ offset: true }).optional(),
});
export const ValidateInput = z.object({ document: z.unknown() });

const instant = z.iso.datetime();
const Labels = z.record(z.string(), z.string());

/** One thing wrong with a document, at a JSON pointer into it. */
export const DocumentProblem = z.object({
  pointer: z.string(),
  /** A stable snake_case reason. */
  code: z.string(),
  message: z.string(),
  severity: z.enum(['error', 'warning']),
  /** Zero-based character offset inside the expression at `pointer`. */
  position: z.number().int().optional(),
});

/** A coming fire: the instant, and what the clock in the schedule's zone shows then. */
export const NextFire = z.object({
  at: instant,
  local: z.string(),
  dst: z.enum(['gap_shifted', 'fold_first', 'fold_second']).nullable(),
});
export const Pause = z.object({
  at: instant,
  by: z.string().nullable(),
  reason: z.string().nullable(),
  until: instant.nullable(),
});

export const PipelineItem = z.object({
  id: z.uuid(),
  name: z.string(),
  description: z.string(),
  owner: z.string(),
  labels: Labels,
  liveVersion: z.number().int().nullable(),
  latestVersion: z.number().int(),
  schedule: Schedule.nullable(),
  scheduleWords: z.string().nullable(),
  timezone: z.string().nullable(),
  paused: Pause.nullable(),
  lastRunId: z.uuid().nullable(),
  lastRunStatus: z.enum(RUN_STATUSES).nullable(),
  lastRunAt: instant.nullable(),
  createdAt: instant,
  updatedAt: instant,
});
export const PipelinePage = z.object({ items: z.array(PipelineItem), nextCursor: z.string().nullable() });
export const PipelineDetail = PipelineItem.extend({ policies: Policies.nullable(), nextFires: z.array(NextFire) });
export const CreatePipelineOutput = z.object({
  id: z.uuid(),
  name: z.string(),
  version: z.number().int(),
  changeRequest: WaitingRequest.nullable().describe('It was to go live and waits for approval; else null.'),
});
export const IrOutput = z.object({
  pipelineId: z.uuid(),
  version: z.number().int(),
  liveVersion: z.number().int().nullable(),
  latestVersion: z.number().int(),
  createdBy: z.string(),
  createdAt: instant,
  document: PipelineDocument,
});
export const SaveIrOutput = z.object({ id: z.uuid(), version: z.number().int() });
const Published = SaveIrOutput.extend({ problems: z.array(DocumentProblem) });
/** `waiting`: the tenant's rules demand approval, and nothing is live yet. */
export const PublishOutput = z.discriminatedUnion('state', [
  Published.extend({ state: z.literal('live') }),
  Published.extend({ state: z.literal('waiting'), changeRequest: WaitingRequest }),
]);
export const ApproveOutput = z.object({
  id: z.uuid(),
  pipelineId: z.uuid().nullable().describe('Null of a change of the rules.'),
  version: z.number().int(),
  state: z
    .enum(['open', 'applied'])
    .describe('`applied`: it was the last approval needed, and the version is live, or the rules hold.'),
});

/** The SQL that a node would run, statement by statement. */
export const NodeSql = z.object({
  nodeId: z.string(),
  kind: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  statements: z.array(
    z.object({ purpose: z.enum(['prepare', 'stage', 'reject', 'warn', 'check', 'ddl', 'load']), sql: z.string() }),
  ),
});
export const SqlPreviewOutput = z.object({
  version: z.number().int(),
  problems: z.array(DocumentProblem),
  nodes: z.array(NodeSql),
});
export const ValidateOutput = z.object({
  ok: z.boolean(),
  problems: z.array(DocumentProblem),
  nodes: z.array(NodeSql),
});
/** A saved version, without its document. */
export const PipelineVersion = z.object({
  version: z.number().int(),
  isLive: z.boolean(),
  createdBy: z.string(),
  createdAt: instant,
  /** When it was last made live. */
  publishedAt: instant.nullable(),
  /** Who approved it when it last went live by a change request; null when it never did. */
  approval: z
    .object({
      requestId: z.uuid(),
      requestedBy: z.string(),
      appliedAt: instant,
      approvedBy: z.array(z.object({ stage: z.string(), voter: z.string(), votedAt: instant })),
    })
    .nullable(),
});
export const VersionPage = z.object({ items: z.array(PipelineVersion), nextCursor: z.string().nullable() });
export const PauseOutput = z.object({ id: z.uuid(), pausedAt: instant, pauseUntil: instant.nullable() });
export const ResumeOutput = z.object({ id: z.uuid(), nextFireAt: instant.nullable() });
export const OccurrencePage = z.object({
  items: z.array(
    z.object({
      dueAt: instant,
      until: instant.nullable(),
      count: z.number().int(),
      verdict: z.enum(VERDICTS),
      reason: z.string(),
      runId: z.uuid().nullable(),
      decidedAt: instant,
    }),
  ),
  nextCursor: z.string().nullable(),
});
