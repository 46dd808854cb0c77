// THE inventory: where a subject can be in the tables, and what an access request is given and an erasure does there.
// A table is here or in not-searched.ts with its reason; inventory.db.test.ts holds both to the catalogue.
import { type SQL, sql } from '#db/drizzle.ts';
import type { ClassTable } from '#db/schema/index.ts';
import { isOfSubject } from '#server/retention/index.ts';
import { WRITTEN_BY_PEOPLE } from './written-by-people.ts';

export type Subject = { customerId: string };

export type Store = {
  table: string;
  /** What its rows are gone through by, after tenant_id. */
  keys: readonly { column: string; type: 'uuid' | 'text' | 'int' }[];
  /** Rows `r` that are the subject's own: erased as a whole. */
  own?: (subject: Subject) => SQL;
  /** Columns in which the subject can be named: as a word in text or JSON, or as the whole of an id. */
  texts?: readonly string[];
  jsons?: readonly string[];
  ids?: readonly string[];
  /** Columns in which the subject can stand and that are not changed: what is there is counted as possible. */
  looks?: readonly string[];
  /** Columns of text or JSON that hold nothing of the data: ids, states, and names that people of the tenant gave. */
  excused: readonly string[];
  /** What becomes of a row that names the subject and is not its own: it is never deleted. */
  onMention: 'redact' | 'keep';
  /** Rows that can be erased now; the others are counted, and the request stays open for them. */
  isErasable?: SQL;
  /** Rows that stay although they name the subject: counted as kept. */
  isKept?: (subject: Subject) => SQL;
  /** A row that is locked before, where a writer works from what it has read before the erasure. */
  lock?: (tenantId: string) => SQL;
  /** Whether an access request is given a copy of the subject's own rows. Rows of others are never given, whom they name or not. */
  given: 'own' | 'none';
  /** Own rows are found by going over the store: no index tells them. */
  isGoneOver?: boolean;
  /** After redactions in a range of rows: sets what follows from the redacted columns. */
  follows?: (inRange: SQL) => SQL;
  /** Columns that are not given: ours, not the subject's. */
  hidden?: readonly string[];
  /** Deleted rows that leave a blob to delete. */
  hasBlobs?: boolean;
};

const byId = [{ column: 'id', type: 'uuid' }] as const;

/** What is recorded of somebody who is on hold stays as it is, whoever else it names. `isOf`: the row, of `h`’s customer. */
const isOfHeld = (isOf: SQL) =>
  sql`exists (select from retention_holds h where h.tenant_id = r.tenant_id and h.released_at is null
    and h.customer_id is not null and ${isOf})`;
const isOfHeldCustomer = isOfHeld(sql`h.customer_id = r.customer_id`);

/** The customers of a dead letter. */
const ofLetter = sql`(dsar_customers(r.payload) || dsar_customers(r.row_key))`;

const ofClass = (table: ClassTable, columns: Partial<Store> & Pick<Store, 'excused'>): Store => ({
  ...{ table, keys: byId, onMention: 'redact', given: 'own', isKept: () => isOfHeldCustomer, ...columns },
  own: ({ customerId }) => isOfSubject(table, customerId),
});

/**
 * In the order of an erasure: traces and attachments before the interactions, by which those of an old release are told;
 * scores after the interactions that they are computed from; requests last.
 */
export const INVENTORY: readonly Store[] = [
  ofClass('ai_attachments', {
    ...{ texts: ['name'], hasBlobs: true },
    excused: ['customer_id', 'content_type', 'sha256', 'location'],
  }),
  ofClass('decision_traces', { jsons: ['trace'], excused: ['customer_id'] }),
  // Offers, channels, types and outcomes are the tenant's words, said of everybody: they are looked at, not changed.
  ofClass('interaction_outcomes', { looks: ['outcome'], excused: ['customer_id'] }),
  ofClass('interaction_history', {
    ...{ jsons: ['context'], looks: ['offer_id', 'channel', 'interaction_type'], excused: ['customer_id'] },
  }),
  {
    table: 'engagement_scores',
    keys: [{ column: 'customer_id', type: 'text' }],
    own: ({ customerId }) => sql`r.customer_id = ${customerId}`,
    onMention: 'redact',
    // A recomputation reads interactions first and writes scores last, under this lock.
    lock: (tenantId) => sql`insert into engagement_settings (tenant_id) values (${tenantId})
      on conflict (tenant_id) do update set tenant_id = excluded.tenant_id`,
    given: 'own',
    excused: ['customer_id', 'band'],
  },
  {
    table: 'outbox_events',
    keys: byId,
    own: ({ customerId }) => sql`r.key = ${customerId}`,
    // A key can be made of several values.
    texts: ['key', 'last_error'],
    jsons: ['payload', 'headers'],
    excused: ['type', 'error_id'],
    onMention: 'redact',
    // What is not published yet must not be lost: consumers count on it. Nor may what is published later be changed:
    // a failed event of another key can be requeued.
    isErasable: sql`r.status in ('published', 'failed', 'discarded')`,
    isKept: ({ customerId }) => sql`(r.status = 'failed' and r.key <> ${customerId}
      or ${isOfHeld(sql`(h.customer_id = r.key or h.customer_id = any(dsar_customers(r.payload)))`)}
      or octet_length(dsar_redact_json(r.payload, ${customerId}, '')::text) > 900000
      or octet_length(dsar_redact(r.key, ${customerId})) > 1024)`,
    given: 'own',
    isGoneOver: true,
    follows: (inRange) => sql`update outbox_events r set payload_bytes = octet_length(r.payload::text),
        headers_bytes = octet_length(r.headers::text)
      where ${inRange} and r.status in ('published', 'failed', 'discarded') and (r.payload_bytes <> octet_length(r.payload::text)
        or r.headers_bytes <> octet_length(r.headers::text))`,
    hidden: ['lane', 'seq', 'claim_token', 'headers_bytes', 'payload_bytes'],
  },
  {
    table: 'dlq_entries',
    keys: byId,
    // A row that tells of the subject and of no other customer; or whose key is the subject, where that can be nothing else.
    own: ({ customerId }) => sql`(${ofLetter} <@ array[${customerId}::text] and (${ofLetter} <> '{}'
      or not dsar_is_common(${customerId}) and dsar_key_values(r.row_key) = array[${customerId}::text]))`,
    texts: ['message'],
    excused: ['node_id', 'rule', 'error_kind', 'source_node', 'acked_by'],
    jsons: ['row_key', 'payload'],
    onMention: 'redact',
    isKept: () =>
      isOfHeld(sql`(h.customer_id = any(${ofLetter})
        or not dsar_is_common(h.customer_id) and h.customer_id = any(dsar_key_values(r.row_key)))`),
    given: 'own',
    isGoneOver: true,
  },
  {
    ...{ table: 'runs', keys: byId, texts: ['note'], jsons: ['params', 'error'], onMention: 'redact', given: 'none' },
    excused: ['status', 'trigger', 'requested_by'],
  },
  {
    table: 'run_attempts',
    keys: [
      { column: 'run_id', type: 'uuid' },
      { column: 'attempt', type: 'int' },
    ],
    ...{ jsons: ['error'], onMention: 'redact', given: 'none', excused: ['runner', 'status'] },
  },
  {
    table: 'run_nodes',
    keys: [
      { column: 'run_id', type: 'uuid' },
      { column: 'node_id', type: 'text' },
    ],
    // A run's parameters are literals in what it executed.
    ...{ texts: ['sql'], jsons: ['warnings'], onMention: 'redact', given: 'none' },
    excused: ['node_id', 'kind', 'name', 'status'],
  },
  // By its path a file is known to have been read: under another it would be read again.
  {
    ...{ table: 'run_files', keys: byId, texts: ['error'], onMention: 'redact', given: 'none' },
    ...{ looks: ['path', 'processing_path', 'final_path'], excused: ['node_id', 'state'] },
  },
  {
    table: 'idempotency_keys',
    keys: [
      { column: 'operation', type: 'text' },
      { column: 'key', type: 'text' },
    ],
    ...{ jsons: ['response'], looks: ['key'], onMention: 'redact', given: 'none', excused: ['operation'] },
  },
  {
    table: 'siem_quarantine',
    keys: [
      { column: 'destination', type: 'text' },
      { column: 'audit_id', type: 'uuid' },
    ],
    ...{ texts: ['reason'], onMention: 'redact', given: 'none', excused: ['destination', 'state', 'decided_by'] },
  },
  {
    ...{ table: 'alert_deliveries', keys: byId, texts: ['last_error'], onMention: 'redact', given: 'none' },
    excused: ['channel', 'status'],
  },
  // Of a subject that is to be erased these are released: one in force refuses the erasure.
  {
    table: 'retention_holds',
    keys: byId,
    ids: ['customer_id'],
    texts: ['reason', 'release_reason'],
    onMention: 'redact',
    given: 'none',
    excused: ['data_class', 'placed_by', 'released_by'],
  },
  {
    table: 'dsar_requests',
    keys: byId,
    texts: ['note', 'error'],
    jsons: ['refusal'],
    onMention: 'redact',
    given: 'none',
    // The customer is taken off with the receipt; what is counted and hashed names nobody.
    excused: [
      ...['customer_id', 'kind', 'subject_hash', 'state', 'created_by', 'progress', 'counts', 'kept', 'possible'],
      ...['receipt', 'previous_hash', 'hash'],
    ],
  },
  // What was trained is final, and its parameters are figures of all: a value that it learned is counted, not changed.
  {
    table: 'model_versions',
    keys: [
      { column: 'model_id', type: 'uuid' },
      { column: 'version', type: 'int' },
    ],
    ...{ texts: ['reason'], jsons: ['parameters'], onMention: 'keep', given: 'none' },
    excused: ['definition', 'metrics', 'curves', 'split', 'status', 'phase', 'trained_by'],
  },
  // Chained by hashes: a row that was changed could not be told from one that was forged.
  {
    table: 'audit_log',
    keys: byId,
    texts: ['target_id'],
    jsons: ['details', 'before', 'after'],
    onMention: 'keep',
    given: 'none',
    excused: [
      ...['actor_kind', 'actor_id', 'action', 'outcome', 'target_kind', 'request_id'],
      ...['before_digest', 'after_digest'],
    ],
  },
  ...WRITTEN_BY_PEOPLE,
];

/** The stores that an access request is given copies of, each as a file of its name. */
export const GIVEN = INVENTORY.filter(({ given }) => given !== 'none');
