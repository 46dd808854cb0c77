import { integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { id, instant, tenantId } from './columns.ts';

/** How a document of the repository stands to the pipeline of its name. */
export const DRIFT_STATES = ['invalid', 'changed', 'missing', 'unmanaged', 'in_sync'] as const;

export const gitopsSources = pgTable('gitops_sources', {
  tenantId: tenantId().primaryKey(),
  connectionId: uuid('connection_id').notNull(),
  updatedBy: text('updated_by').notNull(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const gitopsChecks = pgTable('gitops_checks', {
  tenantId: tenantId().primaryKey(),
  id: id(),
  connectionId: uuid('connection_id').notNull(),
  url: text('url'),
  branch: text('branch'),
  folder: text('folder'),
  startedAt: instant('started_at').notNull(),
  checkedAt: instant('checked_at').notNull().defaultNow(),
  commitId: text('commit_id'),
  commitSubject: text('commit_subject'),
  commitAuthor: text('commit_author'),
  committedAt: instant('committed_at'),
  files: integer('files'),
  counts: jsonb('counts'),
  errorCode: text('error_code'),
  errorMessage: text('error_message'),
});

export const gitopsDocuments = pgTable(
  'gitops_documents',
  {
    tenantId: tenantId(),
    id: id(),
    file: text('file').notNull(),
    line: integer('line').notNull(),
    name: text('name'),
    document: jsonb('document'),
    problems: jsonb('problems'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);
