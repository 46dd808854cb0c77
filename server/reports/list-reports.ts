import { type SQL, sql } from '#db/drizzle.ts';
import type { ReportFigure, ReportTemplate } from '#db/schema/index.ts';
import { type Delivery, deliveriesOf, toDeliveries } from '#server/alerts/index.ts';
import { decodeIdCursor, query, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { ListReportsInput } from './schemas.ts';

type Row = {
  id: string;
  scheduleId: string;
  scheduleName: string;
  template: ReportTemplate;
  title: string;
  periodFrom: string;
  periodTo: string;
  timezone: string;
  dueAt: string | null;
  figures: ReportFigure[];
  madeBy: string;
  madeAt: string;
  deliveries: Delivery[];
};
const iso = (text: string) => new Date(text).toISOString();
const isoOrNull = (text: string | null) => (text === null ? null : iso(text));

/** The reports that were made, newest first, without their texts. */
export function listReports(ctx: Ctx, input: ListReportsInput) {
  const before = input.cursor === undefined ? null : decodeIdCursor(input.cursor);
  return withTransaction(ctx, async (tx) => {
    const ofSchedule = input.scheduleId === undefined ? sql`true` : sql`r.schedule_id = ${input.scheduleId}`;
    const rows = await readReports<Row>(tx, ctx.tenant.id, {
      columns: sql``,
      where: sql`${ofSchedule} and ${before === null ? sql`true` : sql`r.id < ${before}`}`,
      limit: input.limit + 1,
    });
    const page = toPage(rows, input.limit, (row) => [row.id]);
    return { items: page.items.map(toItem), nextCursor: page.nextCursor };
  });
}

/** One report with its texts. @throws ServiceError REPORT_NOT_FOUND */
export function getReport(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const [row] = await readReports<Row & { html: string; csv: string }>(tx, ctx.tenant.id, {
      ...{ columns: sql`, r.html, r.csv`, where: sql`r.id = ${input.id}`, limit: 1 },
    });
    if (!row) throw new ServiceError('REPORT_NOT_FOUND', `no report ${input.id}`);
    return { ...toItem(row), html: row.html, csv: row.csv };
  });
}

function readReports<T extends Row>(tx: Tx, tenantId: string, of: { columns: SQL; where: SQL; limit: number }) {
  return query<T>(
    tx,
    sql`select r.id, r.schedule_id as "scheduleId", r.schedule_name as "scheduleName", r.template, r.title,
        r.period_from as "periodFrom", r.period_to as "periodTo", r.timezone, r.due_at as "dueAt", r.figures,
        r.made_by as "madeBy", r.made_at as "madeAt",
        ${deliveriesOf(tenantId, sql`d.report_id = r.id`)} as deliveries
        ${of.columns}
      from reports r where r.tenant_id = ${tenantId} and ${of.where} order by r.id desc limit ${of.limit}`,
  );
}

const toItem = ({ periodFrom, periodTo, dueAt, madeAt, deliveries, ...row }: Row) => ({
  ...row,
  ...{ periodFrom: iso(periodFrom), periodTo: iso(periodTo), dueAt: isoOrNull(dueAt), madeAt: iso(madeAt) },
  deliveries: toDeliveries(deliveries),
});
