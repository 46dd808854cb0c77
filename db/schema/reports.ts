import { boolean, jsonb, pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import type { AlertChannel } from './alerts.ts';
import { id, instant, tenantId } from './columns.ts';

export const REPORT_TEMPLATES = ['fleet_summary', 'sla', 'retention_receipt'] as const;
export type ReportTemplate = (typeof REPORT_TEMPLATES)[number];
/** A number that a report begins with; null: there was nothing to measure. */
export type ReportFigure = { label: string; value: number | null; unit: string };
/** What a report leaves to the next one of its schedule, so that each instant of the ledger is in one of them, once. */
export type ReportCarried = {
  /** The end of the report that left it. */
  to: string;
  /** Rows of the ledger that are still open or may grow, and how many instants of each are in a report. */
  rows: { scheduleId: string; dueAt: string; counted: number }[];
  /** Schedules that had instants before `to` undecided, and the first of these. */
  undecided: { scheduleId: string; firstAt: string }[];
};

export const reportSchedules = pgTable(
  'report_schedules',
  {
    tenantId: tenantId(),
    id: id(),
    name: text('name').notNull(),
    template: text('template', { enum: REPORT_TEMPLATES }).notNull(),
    cron: text('cron').notNull(),
    timezone: text('timezone').notNull(),
    channels: jsonb('channels').$type<AlertChannel[]>().notNull(),
    enabled: boolean('enabled').notNull().default(true),
    nextAt: instant('next_at'),
    coveredTo: instant('covered_to').notNull(),
    carried: jsonb('carried').$type<ReportCarried>(),
    lastError: text('last_error'),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const reports = pgTable(
  'reports',
  {
    tenantId: tenantId(),
    id: id(),
    scheduleId: uuid('schedule_id').notNull(),
    scheduleName: text('schedule_name').notNull(),
    template: text('template', { enum: REPORT_TEMPLATES }).notNull(),
    periodFrom: instant('period_from').notNull(),
    periodTo: instant('period_to').notNull(),
    timezone: text('timezone').notNull(),
    dueAt: instant('due_at'),
    title: text('title').notNull(),
    figures: jsonb('figures').$type<ReportFigure[]>().notNull(),
    html: text('html').notNull(),
    csv: text('csv').notNull(),
    madeBy: text('made_by').notNull(),
    madeAt: instant('made_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);
