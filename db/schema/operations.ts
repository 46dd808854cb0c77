import { bigint, boolean, doublePrecision, integer, jsonb, pgTable, text, uuid } from '../drizzle-columns.ts';
import { id, instant } from './columns.ts';

export const CRON_FIRED_BY = ['worker', 'http', 'both'] as const;
export const CRON_TRIGGERS = ['schedule', 'http', 'operator'] as const;
/** `partial`: some tenants failed. `abandoned`: its process went silent and another run took its lease over. */
export const CRON_OUTCOMES = ['running', 'succeeded', 'partial', 'failed', 'abandoned'] as const;

/** What one run of a job did for one tenant. */
export type CronTenantOutcome = {
  tenantId: string;
  tenant: string;
  ok: boolean;
  counts: Record<string, number>;
  errors: string[];
};

export const cronJobs = pgTable('cron_jobs', {
  job: text('job').primaryKey(),
  token: bigint('token', { mode: 'number' }).notNull().default(0),
  runId: uuid('run_id'),
  schedule: text('schedule'),
  firedBy: text('fired_by', { enum: CRON_FIRED_BY }).notNull().default('worker'),
  nextFireAt: instant('next_fire_at'),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const cronRuns = pgTable('cron_runs', {
  id: id().primaryKey(),
  job: text('job').notNull(),
  slot: instant('slot'),
  processId: text('process_id').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
  finishedAt: instant('finished_at'),
  outcome: text('outcome', { enum: CRON_OUTCOMES }).notNull().default('running'),
  counts: jsonb('counts').$type<Record<string, number>>().notNull().default({}),
  error: text('error'),
  trigger: text('trigger', { enum: CRON_TRIGGERS }).notNull().default('schedule'),
  requestedBy: text('requested_by').notNull().default(''),
  params: jsonb('params').$type<Record<string, string>>().notNull().default({}),
  token: bigint('token', { mode: 'number' }).notNull().default(0),
  attempt: integer('attempt').notNull().default(1),
  leaseUntil: instant('lease_until'),
  perTenant: jsonb('per_tenant').$type<CronTenantOutcome[]>().notNull().default([]),
});

export const cronRequests = pgTable('cron_requests', {
  id: id().primaryKey(),
  job: text('job').notNull(),
  params: jsonb('params').$type<Record<string, string>>().notNull().default({}),
  requestedBy: text('requested_by').notNull(),
  requestedAt: instant('requested_at').notNull().defaultNow(),
});

export const schedulerState = pgTable('scheduler_state', {
  onlyOne: boolean('only_one').primaryKey().default(true),
  lastTickAt: instant('last_tick_at'),
  lastTickMs: doublePrecision('last_tick_ms'),
  lastDue: integer('last_due').notNull().default(0),
  lastFired: integer('last_fired').notNull().default(0),
  clockSkewMs: doublePrecision('clock_skew_ms'),
  processId: text('process_id'),
});

export const processes = pgTable('processes', {
  id: text('id').primaryKey(),
  tier: text('tier').notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  version: text('version').notNull().default(''),
  startedAt: instant('started_at').notNull().defaultNow(),
  lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
  info: jsonb('info').$type<Record<string, unknown>>().notNull().default({}),
});
