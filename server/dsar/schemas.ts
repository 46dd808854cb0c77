import { z } from 'zod';
import { DSAR_KINDS, DSAR_STATES } from '#db/schema/index.ts';

const Instant = z.iso.datetime();
const Counts = z.record(z.string(), z.number().int());

export const DsarRef = z.object({ id: z.uuid() });
export const CreateDsarInput = z.object({
  /** The subject, as interactions name it. */
  customerId: z.string().min(1).max(200),
  kind: z.enum(DSAR_KINDS),
  note: z.string().max(2_000).default(''),
  /** Absent: after the days that the tenant has set, 30 where it has set none. */
  dueAt: Instant.optional(),
  /** Takes a request of somebody of whom nothing is stored; without it a mistyped id is refused. */
  acceptEmpty: z.boolean().default(false),
});
export const ListDsarInput = z.object({
  state: z.enum(['open', 'closed', 'all']).default('all'),
  kind: z.enum(DSAR_KINDS).optional(),
  /** Also finds requests of a subject that was erased since. */
  customerId: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().optional(),
});
export const CancelDsarInput = DsarRef.extend({ reason: z.string().trim().min(1).max(2_000) });

export const DsarRequest = z.object({
  id: z.uuid(),
  kind: z.enum(DSAR_KINDS),
  state: z.enum(DSAR_STATES),
  /** Null once the subject is erased. */
  customerId: z.string().nullable(),
  /** How receipts and the audit log name the subject. */
  subjectHash: z.string(),
  note: z.string(),
  dueAt: Instant,
  isOverdue: z.boolean(),
  createdBy: z.string(),
  createdAt: Instant,
  /** It was told to be carried out now and has not begun yet. */
  isRequested: z.boolean(),
  startedAt: Instant.nullable(),
  finishedAt: Instant.nullable(),
  attempts: z.number().int(),
  /** By store: rows that were erased so far; what names the subject and stays. */
  counts: Counts,
  kept: Counts,
  /** By store: rows in which the id stands and may be something else; nothing of them was changed. */
  possible: Counts,
  /** Events of the subject that are still to be published. */
  waitingEvents: z.number().int(),
  /** Of a running erasure: which pass, and which of how many stores. */
  progress: z.object({ pass: z.number().int(), store: z.number().int(), stores: z.number().int() }).nullable(),
  /** The hold that refuses it. */
  refusal: z.object({ holdId: z.uuid().nullable(), what: z.string(), reason: z.string(), at: Instant }).nullable(),
  /** Of a failed request what went wrong, of a waiting one what for. */
  error: z.string().nullable(),
  bundle: z
    .object({
      sizeBytes: z.number().int(),
      sha256: z.string(),
      expiresAt: Instant,
      /** Expired, or taken away by an erasure. */
      isGone: z.boolean(),
      linkExpiresAt: Instant.nullable(),
      downloads: z.number().int(),
      lastDownloadAt: Instant.nullable(),
    })
    .nullable(),
  receiptNo: z.number().int().nullable(),
  /** What it came to; `hash` covers it and the receipt before. */
  receipt: z.record(z.string(), z.unknown()).nullable(),
  previousHash: z.string().nullable(),
  hash: z.string().nullable(),
});
export const DsarPage = z.object({ items: z.array(DsarRequest), nextCursor: z.string().nullable() });
export const DsarLink = z.object({
  /** Path and query on this installation; shown this once. */
  path: z.string(),
  expiresAt: Instant,
});

export type DsarRequest = z.output<typeof DsarRequest>;
export type CreateDsarInput = z.output<typeof CreateDsarInput>;
export type ListDsarInput = z.output<typeof ListDsarInput>;
export type DsarLink = z.output<typeof DsarLink>;
