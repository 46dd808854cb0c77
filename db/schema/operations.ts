import { boolean, doublePrecision, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { id, instant } from './columns.ts';

export const cronRuns = pgTable('cron_runs', {
  id: id().primaryKey(),
  job: text('job').notNull(),
  slot: instant('slot'),
  processId: text('process_id').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
  finishedAt: instant('finished_at'),
  outcome: text('outcome', { enum: ['running', 'succeeded', 'failed'] })
    .notNull()
    .default('running'),
  counts: jsonb('counts').$type<Record<string, number>>().notNull().default({}),
  error: text('error'),
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
