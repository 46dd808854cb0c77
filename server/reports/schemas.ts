import { z } from 'zod';
import { REPORT_TEMPLATES } from '#db/schema/index.ts';
import { AlertChannel, AlertChannelInput, Delivery } from '#server/alerts/index.ts';

const instant = z.iso.datetime();

export const ReportScheduleInput = z.object({
  name: z.string().trim().min(1).max(200),
  template: z.enum(REPORT_TEMPLATES),
  /** Five fields, on the wall clock of `timezone`. */
  cron: z.string().trim().min(1).max(200),
  timezone: z.string().max(100).default('UTC'),
  channels: z.array(AlertChannelInput).min(1, 'name at least one destination').max(10),
  enabled: z.boolean().default(true),
});
export type ReportScheduleInput = z.infer<typeof ReportScheduleInput>;
export const ReportScheduleRef = z.object({ id: z.uuid() });
export const UpdateReportScheduleInput = ReportScheduleInput.extend({ id: z.uuid() });
export type UpdateReportScheduleInput = z.infer<typeof UpdateReportScheduleInput>;

export const ReportSchedule = z.object({
  id: z.string(),
  name: z.string(),
  template: z.enum(REPORT_TEMPLATES),
  cron: z.string(),
  timezone: z.string(),
  channels: z.array(AlertChannel),
  enabled: z.boolean(),
  /** Null: switched off, or the rule has no instant to come. */
  nextAt: instant.nullable(),
  /** Where its next report begins. */
  coveredTo: instant,
  lastError: z.string().nullable(),
  createdBy: z.string(),
});
export type ReportSchedule = z.infer<typeof ReportSchedule>;
export const ReportScheduleMade = z.object({ id: z.string() });
export const ReportMade = z.object({ reportId: z.string() });
export const ListReportSchedulesOutput = z.object({ items: z.array(ReportSchedule) });

export const ReportTemplateItem = z.object({ name: z.enum(REPORT_TEMPLATES), title: z.string(), says: z.string() });
export type ReportTemplateItem = z.infer<typeof ReportTemplateItem>;
export const ListReportTemplatesOutput = z.object({ items: z.array(ReportTemplateItem) });

export const ListReportsInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
  scheduleId: z.uuid().optional(),
});
export type ListReportsInput = z.infer<typeof ListReportsInput>;

export const ReportItem = z.object({
  id: z.string(),
  scheduleId: z.string(),
  scheduleName: z.string(),
  template: z.enum(REPORT_TEMPLATES),
  title: z.string(),
  periodFrom: instant,
  periodTo: instant,
  timezone: z.string(),
  /** Null: somebody asked for it. */
  dueAt: instant.nullable(),
  figures: z.array(z.object({ label: z.string(), value: z.number().nullable(), unit: z.string() })),
  madeBy: z.string(),
  madeAt: instant,
  deliveries: z.array(Delivery),
});
export type ReportItem = z.infer<typeof ReportItem>;
export const ListReportsOutput = z.object({ items: z.array(ReportItem), nextCursor: z.string().nullable() });
export const ReportDetail = ReportItem.extend({
  /** A whole document without scripts or anything to load. */
  html: z.string(),
  /** RFC 4180, safe to open in a spreadsheet. */
  csv: z.string(),
});
export type ReportDetail = z.infer<typeof ReportDetail>;
