export { legacyTickRoute } from './legacy-route.ts';
export { type MadeReports, makeDueReports, type ReportDependencies } from './make-due.ts';
export { nextInstant, requireRule } from './period.ts';
export { reportProcedures } from './router.ts';
export type {
  ReportDetail,
  ReportItem,
  ReportSchedule,
  ReportScheduleInput,
  ReportTemplateItem,
} from './schemas.ts';
export {
  type AlertDependencies,
  type AlertTick,
  makeReportsWhenDue,
  tickAlerts,
  tickAlertsAndReports,
  tickAlertsWhenDue,
} from './tick.ts';
