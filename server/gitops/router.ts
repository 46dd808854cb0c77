import { z } from 'zod';
import { mutation, procedure } from '#server/procedure.ts';
import { applyDocuments } from './apply-documents.ts';
import { applySource, planSource } from './apply-source.ts';
import { getDocument, listDocuments } from './list-documents.ts';
import { planDocuments } from './plan-documents.ts';
import {
  ApplyDocumentsInput,
  ApplyOutput,
  ApplySourceInput,
  DocumentRef,
  GitopsDocumentDetail,
  GitopsDocumentPage,
  GitopsStatus,
  ListDocumentsInput,
  PlanDocumentsInput,
  PlanDocumentsOutput,
  SetSourceInput,
  SourcePlan,
  TestSourceOutput,
} from './schemas.ts';
import { checkNow, removeSource, setSource, testSource } from './source.ts';
import { getStatus } from './status.ts';

const nothing = z.object({}).optional();
const CONNECTION_ERRORS = ['CONNECTION_NOT_FOUND', 'CONNECTION_KIND_WRONG', 'SECRETS_UNAVAILABLE'] as const;

export const gitopsProcedures = {
  status: procedure
    .meta({
      rest: 'GET /gitops',
      summary: "Tells where the tenant's documents are kept, what the last check found, and how things stand now.",
      scope: 'pipelines:read',
      output: GitopsStatus,
    })
    .input(nothing)
    .query(({ ctx }) => getStatus(ctx)),
  documents: procedure
    .meta({
      rest: 'GET /gitops/documents',
      summary: 'Lists documents and pipelines with how they stand to each other, what needs a hand first.',
      scope: 'pipelines:read',
      output: GitopsDocumentPage,
    })
    .input(ListDocumentsInput)
    .query(({ ctx, input }) => listDocuments(ctx, input)),
  document: procedure
    .meta({
      rest: 'GET /gitops/documents/:id',
      summary: 'Gives one document by id or name, with what is here and what the repository says as YAML.',
      scope: 'pipelines:read',
      output: GitopsDocumentDetail,
      errors: ['GITOPS_DOCUMENT_NOT_FOUND'],
    })
    .input(DocumentRef)
    .query(({ ctx, input }) => getDocument(ctx, input)),
  planDocuments: procedure
    .meta({
      rest: 'POST /gitops/plan',
      summary: 'Tells what applying these documents would do, each against the pipeline of its name. Saves nothing.',
      scope: 'pipelines:read',
      output: PlanDocumentsOutput,
    })
    .input(PlanDocumentsInput)
    .query(({ ctx, input }) => planDocuments(ctx, input)),
  applyDocuments: mutation
    .meta({
      rest: 'POST /gitops/apply',
      summary: 'Applies documents on top of the versions that a plan saw, each as a whole or not at all.',
      scope: 'pipelines:write',
      audit: 'gitops.apply',
      output: ApplyOutput,
    })
    .input(ApplyDocumentsInput)
    .mutation(({ ctx, input }) => applyDocuments(ctx, input)),
  planSource: procedure
    .meta({
      rest: 'GET /gitops/plan',
      summary: 'Tells what applying the checked commit would do to the pipelines as they are now.',
      scope: 'pipelines:read',
      output: SourcePlan,
    })
    .input(nothing)
    .query(({ ctx }) => planSource(ctx)),
  applySource: mutation
    .meta({
      rest: 'POST /gitops/source/apply',
      summary: 'Applies documents of the checked commit by name, each as a whole or not at all.',
      scope: 'pipelines:write',
      audit: 'gitops.apply',
      output: ApplyOutput,
      errors: ['GITOPS_NOT_CONFIGURED', 'GITOPS_PLAN_STALE'],
    })
    .input(ApplySourceInput)
    .mutation(({ ctx, input }) => applySource(ctx, input)),
  // Not in one transaction: it waits for the repository. Checking twice does no more than checking once.
  check: procedure
    .meta({
      rest: 'POST /gitops/check',
      summary: 'Reads the repository now and keeps what it says; one that cannot be read is an answer with its cause.',
      scope: 'runs:write',
      audit: 'gitops.check',
      output: GitopsStatus,
      errors: ['GITOPS_NOT_CONFIGURED', 'SECRETS_UNAVAILABLE'],
    })
    .input(nothing)
    .mutation(({ ctx }) => checkNow(ctx)),
  testSource: procedure
    .meta({
      rest: 'POST /gitops/source/test',
      summary: "Reads a connection's repository as a check would, and keeps nothing.",
      scope: 'connections:write',
      audit: 'gitops.test',
      output: TestSourceOutput,
      errors: CONNECTION_ERRORS,
    })
    .input(SetSourceInput)
    .mutation(({ ctx, input }) => testSource(ctx, input)),
  setSource: mutation
    .meta({
      rest: 'PUT /gitops/source',
      summary: "Names the Git connection whose repository holds the tenant's documents.",
      scope: 'connections:write',
      audit: 'gitops.configure',
      output: GitopsStatus,
      errors: CONNECTION_ERRORS,
    })
    .input(SetSourceInput)
    .mutation(({ ctx, input }) => setSource(ctx, input)),
  removeSource: mutation
    .meta({
      rest: 'DELETE /gitops/source',
      summary: 'Ends the comparison with a repository; pipelines stay as they are.',
      scope: 'connections:write',
      audit: 'gitops.remove',
      output: GitopsStatus,
    })
    .input(nothing)
    .mutation(({ ctx }) => removeSource(ctx)),
};
