// Reports and their schedules as the pages see them.
import type {
  ReportDetail,
  ReportItem,
  ReportSchedule,
  ReportScheduleInput,
  ReportTemplateItem,
} from '#server/reports/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { ReportDetail, ReportItem, ReportSchedule, ReportScheduleInput, ReportTemplateItem };

export interface ReportsApi {
  templates(): Promise<{ items: ReportTemplateItem[] }>;
  schedules(): Promise<{ items: ReportSchedule[] }>;
  list(input: PageInput & { scheduleId?: string }): Promise<Page<ReportItem>>;
  get(input: { id: string }): Promise<ReportDetail>;
  createSchedule(input: ReportScheduleInput): Promise<{ id: string }>;
  updateSchedule(input: ReportScheduleInput & { id: string }): Promise<{ id: string }>;
  deleteSchedule(input: { id: string }): Promise<{ id: string }>;
  runNow(input: { id: string }): Promise<{ reportId: string }>;
}
