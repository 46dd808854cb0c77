import { z } from 'zod';
import { REPORT_TEMPLATES } from '#db/schema/index.ts';
import { ADDRESS_ERRORS, checkChannels } from '#server/alerts/index.ts';
import { outboundClient } from '#server/connections/index.ts';
import { mutation, procedure, transacted } from '#server/procedure.ts';
import { getReport, listReports } from './list-reports.ts';
import {
  createReportSchedule,
  deleteReportSchedule,
  listReportSchedules,
  readScheduleWebhooks,
  runReportNow,
  updateReportSchedule,
} from './schedules.ts';
import {
  ListReportSchedulesOutput,
  ListReportsInput,
  ListReportsOutput,
  ListReportTemplatesOutput,
  ReportDetail,
  ReportMade,
  ReportScheduleInput,
  ReportScheduleMade,
  ReportScheduleRef,
  UpdateReportScheduleInput,
} from './schemas.ts';
import { TEMPLATES } from './templates/index.ts';

const nothing = z.object({}).optional();

export const reportProcedures = {
  templates: procedure
    .meta({
      rest: 'GET /reports/templates',
      summary: 'Lists the reports that can be had.',
      scope: 'reports:read',
      output: ListReportTemplatesOutput,
    })
    .input(nothing)
    .query(() => ({
      items: REPORT_TEMPLATES.map((name) => ({ name, title: TEMPLATES[name].title, says: TEMPLATES[name].says })),
    })),
  schedules: procedure
    .meta({
      rest: 'GET /reports/schedules',
      summary: 'Lists the report schedules by name.',
      scope: 'reports:read',
      output: ListReportSchedulesOutput,
    })
    .input(nothing)
    .query(({ ctx }) => listReportSchedules(ctx)),
  list: procedure
    .meta({
      rest: 'GET /reports',
      summary: 'Lists the reports that were made, newest first, and who was sent them.',
      scope: 'reports:read',
      output: ListReportsOutput,
    })
    .input(ListReportsInput)
    .query(({ ctx, input }) => listReports(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /reports/:id',
      summary: 'Returns a report with its HTML and its CSV.',
      scope: 'reports:read',
      output: ReportDetail,
      errors: ['REPORT_NOT_FOUND'],
    })
    .input(ReportScheduleRef)
    .query(({ ctx, input }) => getReport(ctx, input)),
  createSchedule: procedure
    .meta({
      rest: 'POST /reports/schedules',
      summary: 'Creates a report schedule.',
      scope: 'reports:write',
      audit: 'report.create',
      secrets: { input: ['channels'] },
      status: 201,
      output: ReportScheduleMade,
      errors: ['REPORT_NAME_TAKEN', 'REPORTS_FULL', ...ADDRESS_ERRORS],
    })
    .input(ReportScheduleInput)
    .use(async ({ input, next }) => {
      await checkChannels(outboundClient, input.channels);
      return next();
    })
    .use(transacted)
    .mutation(({ ctx, input }) => createReportSchedule(ctx, input)),
  updateSchedule: procedure
    .meta({
      rest: 'PUT /reports/schedules/:id',
      summary: 'Replaces a report schedule. A webhook sent back as the list shows it keeps its stored address.',
      scope: 'reports:write',
      audit: 'report.update',
      secrets: { input: ['channels'] },
      output: ReportScheduleMade,
      errors: ['REPORT_SCHEDULE_NOT_FOUND', 'REPORT_NAME_TAKEN', ...ADDRESS_ERRORS],
    })
    .input(UpdateReportScheduleInput)
    .use(async ({ ctx, input, next }) => {
      await checkChannels(outboundClient, input.channels, await readScheduleWebhooks(ctx, input.id));
      return next();
    })
    .use(transacted)
    .mutation(({ ctx, input }) => updateReportSchedule(ctx, input)),
  runNow: mutation
    .meta({
      rest: 'POST /reports/schedules/:id/run',
      summary: 'Makes a report of the stretch up to now and sends it.',
      scope: 'reports:write',
      audit: 'report.run',
      output: ReportMade,
      errors: ['REPORT_SCHEDULE_NOT_FOUND'],
    })
    .input(ReportScheduleRef)
    .mutation(({ ctx, input }) => runReportNow(ctx, input)),
  deleteSchedule: mutation
    .meta({
      rest: 'DELETE /reports/schedules/:id',
      summary: 'Deletes a report schedule; its reports stay.',
      scope: 'reports:write',
      audit: 'report.delete',
      output: ReportScheduleMade,
      errors: ['REPORT_SCHEDULE_NOT_FOUND'],
    })
    .input(ReportScheduleRef)
    .mutation(({ ctx, input }) => deleteReportSchedule(ctx, input)),
};
