import { sql } from '../drizzle.ts';
import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { bytea, id, instant, tenantId } from './columns.ts';

export const installation = pgTable('installation', {
  onlyOne: boolean('only_one').primaryKey().default(true),
  id: id(),
  rolePrefix: text('role_prefix').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const tenants = pgTable('tenants', {
  id: id().primaryKey(),
  slug: text('slug').notNull(),
  name: text('name').notNull(),
  status: text('status', { enum: ['active', 'suspended'] })
    .notNull()
    .default('active'),
  schemaName: text('schema_name').notNull(),
  roleName: text('role_name').notNull(),
  maxConcurrentRuns: integer('max_concurrent_runs').notNull().default(8),
  suspendedAt: instant('suspended_at'),
  suspendedBy: text('suspended_by'),
  suspendReason: text('suspend_reason'),
  settings: jsonb('settings').$type<Record<string, unknown>>().notNull().default({}),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const users = pgTable('users', {
  id: id().primaryKey(),
  email: text('email').notNull(),
  name: text('name').notNull().default(''),
  passwordHash: text('password_hash'),
  isInstanceOperator: boolean('is_instance_operator').notNull().default(false),
  disabledAt: instant('disabled_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const memberships = pgTable(
  'memberships',
  {
    tenantId: tenantId(),
    userId: uuid('user_id').notNull(),
    role: text('role', { enum: ['viewer', 'operator', 'admin'] }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    disabledAt: instant('disabled_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.userId] })],
);

export const invites = pgTable(
  'invites',
  {
    tenantId: tenantId(),
    id: id(),
    email: text('email').notNull(),
    role: text('role', { enum: ['viewer', 'operator', 'admin'] }).notNull(),
    tokenHash: bytea('token_hash').notNull(),
    createdBy: text('created_by').notNull(),
    makerId: uuid('maker_id'),
    byInstance: boolean('by_instance').notNull().default(false),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const passwordResets = pgTable('password_resets', {
  id: id().primaryKey(),
  userId: uuid('user_id').notNull(),
  madeFor: uuid('made_for'),
  tokenHash: bytea('token_hash').notNull(),
  createdBy: text('created_by').notNull(),
  makerId: uuid('maker_id'),
  createdAt: instant('created_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
});

export const accessGivings = pgTable('access_givings', {
  id: id().primaryKey(),
  userId: uuid('user_id').notNull(),
  madeFor: uuid('made_for'),
  kind: text('kind', { enum: ['password', 'membership', 'role', 'left'] }).notNull(),
  givenBy: text('given_by').notNull(),
  giverId: uuid('giver_id'),
  byInstance: boolean('by_instance').notNull().default(false),
  givenAt: instant('given_at').notNull().default(sql`clock_timestamp()`),
});

export const userIdentities = pgTable(
  'user_identities',
  {
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    userId: uuid('user_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.issuer, t.subject] })],
);

export const sessions = pgTable('sessions', {
  id: id().primaryKey(),
  tokenHash: bytea('token_hash').notNull(),
  userId: uuid('user_id').notNull(),
  tenantId: uuid('tenant_id'),
  createdAt: instant('created_at').notNull().defaultNow(),
  lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
  expiresAt: instant('expires_at').notNull(),
  revokedAt: instant('revoked_at'),
  userAgent: text('user_agent').notNull().default(''),
  /** Also by a page that asked by itself, which is no sign of its person. */
  lastUsedAt: instant('last_used_at').notNull().defaultNow(),
});

export const loginAttempts = pgTable(
  'login_attempts',
  {
    subject: text('subject').notNull(),
    windowStart: instant('window_start').notNull(),
    failures: integer('failures').notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.subject, t.windowStart] })],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    tenantId: tenantId(),
    id: id(),
    name: text('name').notNull(),
    prefix: text('prefix').notNull(),
    keyHash: bytea('key_hash').notNull(),
    scopes: text('scopes').array().notNull(),
    createdBy: uuid('created_by'),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: tenantId(),
    operation: text('operation').notNull(),
    key: text('key').notNull(),
    requestHash: bytea('request_hash').notNull(),
    response: jsonb('response').$type<unknown>(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.operation, t.key] })],
);
