import { sql } from '../drizzle.ts';
import { bigint, boolean, jsonb, pgTable, primaryKey, text, unique, uuid } from '../drizzle-columns.ts';
import { bytea, id, instant, tenantId, tx, xid8 } from './columns.ts';

export const AUDIT_OUTCOMES = ['done', 'refused'] as const;

export const auditLog = pgTable(
  'audit_log',
  {
    tenantId: tenantId(),
    id: id(),
    tx: tx(),
    actorKind: text('actor_kind').notNull(),
    actorId: text('actor_id').notNull(),
    action: text('action').notNull(),
    outcome: text('outcome', { enum: AUDIT_OUTCOMES }).notNull().default('done'),
    targetKind: text('target_kind').notNull().default(''),
    targetId: text('target_id').notNull().default(''),
    beforeDigest: text('before_digest'),
    afterDigest: text('after_digest'),
    details: jsonb('details').$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    requestId: text('request_id').notNull().default(''),
    createdAt: instant('created_at').notNull().defaultNow(),
    before: jsonb('before').$type<unknown>(),
    after: jsonb('after').$type<unknown>(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const auditSeals = pgTable(
  'audit_seals',
  {
    tenantId: tenantId(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    auditId: uuid('audit_id').notNull(),
    hash: bytea('hash').notNull(),
    sealedAt: instant('sealed_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.seq] }), unique().on(t.tenantId, t.auditId)],
);

export const auditSealPosition = pgTable('audit_seal_position', {
  onlyOne: boolean('only_one').primaryKey().default(true),
  tx: xid8('tx').notNull(),
  auditId: uuid('audit_id').notNull(),
});

export const auditChecks = pgTable('audit_checks', {
  tenantId: uuid('tenant_id').primaryKey(),
  checkedAt: instant('checked_at').notNull().defaultNow(),
  headSeq: bigint('head_seq', { mode: 'number' }).notNull(),
  firstBadSeq: bigint('first_bad_seq', { mode: 'number' }),
  problem: text('problem'),
});
