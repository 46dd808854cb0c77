import { sql } from '#db/drizzle.ts';
import type { AlertChannel, ReportCarried, ReportTemplate } from '#db/schema/index.ts';
import { queueDeliveries } from '#server/alerts/index.ts';
import { newId, queryOne, type Tx } from '#server/lib/index.ts';
import { renderCsv, renderHtml } from './render.ts';
import { type Period, TEMPLATES } from './templates/index.ts';

/** Older reports of a schedule go as new ones come, but none that is still to be sent. */
const KEPT_PER_SCHEDULE = 100;

export type ReportOrder = {
  scheduleId: string;
  scheduleName: string;
  template: ReportTemplate;
  timezone: string;
  channels: AlertChannel[];
  period: Period;
  /** What the report that ended where this one begins left; null: there is none. */
  carried: ReportCarried | null;
  /** The instant it is made for; null: somebody asked. */
  dueAt: string | null;
  madeBy: string;
};

export type MadeReport = { id: string; carried: ReportCarried | null };

/** Composes a report, keeps it, and leaves it for delivery: all of it or, when the transaction fails, nothing. */
export async function makeReport(tx: Tx, tenantId: string, order: ReportOrder): Promise<MadeReport> {
  const template = TEMPLATES[order.template];
  const { name: tenant } = await queryOne<{ name: string }>(tx, sql`select name from tenants where id = ${tenantId}`);
  const composed = await template.compose(tx, tenantId, order.period, order.carried);
  const title = `${template.title}: ${order.scheduleName}`;
  const html = renderHtml({ title, tenant, timeZone: order.timezone, period: order.period }, composed);
  const id = newId();
  await tx.execute(sql`insert into reports (tenant_id, id, schedule_id, schedule_name, template, period_from, period_to,
      timezone, due_at, title, figures, html, csv, made_by)
    values (${tenantId}, ${id}, ${order.scheduleId}, ${order.scheduleName}, ${order.template},
      ${order.period.from}::timestamptz, ${order.period.to}::timestamptz, ${order.timezone},
      ${order.dueAt}::timestamptz, ${title}, ${JSON.stringify(composed.figures)}::jsonb, ${html},
      ${renderCsv(composed)}, ${order.madeBy})`);
  await queueDeliveries(tx, tenantId, { reportId: id }, order.channels);
  await tx.execute(sql`delete from reports where tenant_id = ${tenantId} and schedule_id = ${order.scheduleId}
      and id < (select id from reports where tenant_id = ${tenantId} and schedule_id = ${order.scheduleId}
        order by id desc offset ${KEPT_PER_SCHEDULE - 1} limit 1)
      and not exists (select from alert_deliveries d
        where d.tenant_id = ${tenantId} and d.report_id = reports.id and d.status = 'pending')`);
  return { id, carried: composed.carried ?? null };
}
