import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { bytea, count, id, instant, tenantId } from './columns.ts';

export const DSAR_KINDS = ['access', 'erase'] as const;
export const DSAR_STATES = ['waiting', 'running', 'completed', 'refused', 'failed', 'cancelled'] as const;
export type DsarKind = (typeof DSAR_KINDS)[number];
export type DsarState = (typeof DSAR_STATES)[number];

/** Which hold keeps a request from being carried out. */
export type DsarRefusal = { holdId: string | null; what: string; reason: string; at: string };
/** What is known of an erasure's passes, from go to go. */
/** Who may still store what they read of a subject before it was erased: none of those that began after `at`. */
export type DsarWriters = {
  at: string;
  /** Runs that were claimed, each as its id and its token. */
  runs: string[];
  /** Transactions that were open, by their virtual ids. */
  transactions: string[];
};

export type DsarProgress = {
  /** Passes over all stores; the last one finds nothing. */
  pass: number;
  /** The stores of this pass, in its order: a release with others begins anew. */
  stores: string[];
  /** The store that is gone through, by its place in them, and its last key that was; null: none of it yet. */
  store: number;
  after: string | null;
  /** What this pass has found and erased so far, and events that are still to be published. */
  found: number;
  waiting: number;
  /** When the pass began, by the database's clock. */
  searchedAt: string;
  /** An exported file that is being rewritten, and how many of its lines change. */
  file: { key: string; lines: number } | null;
  /** The time of its go was over and nothing else happened: the next go continues this pass. Else it begins another. */
  isHandedOn: boolean;
  /** Of a pass that has erased something and is over, in whatever way: the next one waits until these have ended. */
  writers?: DsarWriters;
};

export const dsarSettings = pgTable('dsar_settings', {
  tenantId: tenantId().primaryKey(),
  subjectKey: bytea('subject_key').notNull(),
});

export const dsarRequests = pgTable(
  'dsar_requests',
  {
    tenantId: tenantId(),
    id: id(),
    kind: text('kind', { enum: DSAR_KINDS }).notNull(),
    subjectHash: text('subject_hash').notNull(),
    customerId: text('customer_id'),
    note: text('note').notNull().default(''),
    state: text('state', { enum: DSAR_STATES }).notNull().default('waiting'),
    dueAt: instant('due_at').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    runRequestedAt: instant('run_requested_at'),
    startedAt: instant('started_at'),
    attempts: integer('attempts').notNull().default(0),
    progress: jsonb('progress').$type<DsarProgress>(),
    counts: jsonb('counts').$type<Record<string, number>>().notNull().default({}),
    kept: jsonb('kept').$type<Record<string, number>>().notNull().default({}),
    possible: jsonb('possible').$type<Record<string, number>>().notNull().default({}),
    waitingEvents: count('waiting_events').notNull().default(0),
    refusal: jsonb('refusal').$type<DsarRefusal>(),
    error: text('error'),
    finishedAt: instant('finished_at'),
    receiptNo: integer('receipt_no'),
    receipt: jsonb('receipt').$type<Record<string, unknown>>(),
    previousHash: text('previous_hash'),
    hash: text('hash'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const dsarBundles = pgTable(
  'dsar_bundles',
  {
    tenantId: tenantId(),
    requestId: uuid('request_id').notNull(),
    location: text('location').notNull(),
    /** Its file is being written, or was when its writer died. */
    isWriting: boolean('is_writing').notNull().default(false),
    sizeBytes: count('size_bytes').notNull().default(0),
    sha256: text('sha256').notNull().default(''),
    madeAt: instant('made_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    linkHash: bytea('link_hash'),
    linkExpiresAt: instant('link_expires_at'),
    downloads: integer('downloads').notNull().default(0),
    lastDownloadAt: instant('last_download_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.requestId] })],
);
